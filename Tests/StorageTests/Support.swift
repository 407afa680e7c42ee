// Every file of these tests sees the helpers that all tests share.

@_exported import TestSupport

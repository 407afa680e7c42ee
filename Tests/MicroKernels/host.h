// The few functions of the C library that the checks call, declared here because the bare target has no headers.
#pragma once

int putchar(int character);
int fflush(void *stream);
void exit(int status) __attribute__((noreturn));
void *mmap(void *address, unsigned long length, int protection, int flags, int file, long offset);
int mprotect(void *address, unsigned long length, int protection);
double erfc(double x);
double exp(double x);
double tanh(double x);
double sqrt(double x);

// What this package takes from a C library elsewhere: memory, and functions that the page has.
#pragma once
#include <stddef.h>

int posix_memalign(void **block, size_t alignment, size_t size);
void free(void *block);

double log(double x);
double sin(double x);
double cos(double x);
double acos(double x);
double pow(double x, double y);

// What the page's Number() makes of a text.
double number(const char *text, size_t count);

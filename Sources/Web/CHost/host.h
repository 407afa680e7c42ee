// What this package takes from a C library elsewhere. `memory.c` has the memory; the page has the functions.
#pragma once
#include <stddef.h>

int posix_memalign(void **block, size_t alignment, size_t size);
void free(void *block);

double log(double x);
double sin(double x);
double cos(double x);
double acos(double x);
double pow(double x, double y);

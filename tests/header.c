/* header.c: a public header, given as HEADER, compiles alone, as C17 and (header.cpp) as C++.
 * Including it twice checks its guard. */
#include HEADER
#include HEADER

int main(void) { return 0; }

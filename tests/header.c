/* header.c: a public header, given as HEADER, compiles alone, as C17 and (header.cpp) as C++17, to
 * the letter of the standards. Including it twice checks its guard; USES uses its initialisers
 * (initialisers.py). */
#include HEADER
#include HEADER
#include USES

int main(void) {
    use_initialisers();
    return 0;
}

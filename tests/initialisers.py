#!/usr/bin/env python3
"""initialisers.py HEADER: prints a function that uses every initialiser of a public header, for
header.c: the macros RP_NAME_INIT, each for a value of type rp_name. A macro that nothing used would
be compiled by nobody before a user does."""

import re
import sys

with open(sys.argv[1], encoding='utf-8') as file:
    macros = re.findall(r'^#define (RP_(\w+)_INIT)\b', file.read(), re.MULTILINE)
print('static void use_initialisers(void) {')
for number, (macro, name) in enumerate(macros):
    print(f'    const rp_{name.lower()} value_{number} = {macro};')
    print(f'    (void)value_{number};')
print('}')

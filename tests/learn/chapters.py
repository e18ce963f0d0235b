"""Runs every command of docs/learn/*.md, in the order of the chapter, in a folder of its own. TAP.

usage: chapters.py REPRISE SOURCE
A block ```sh runs always; ```sh data needs MNIST ($MNIST, found in REPRISE_DATA or ../shared) and
```sh graphviz needs dot, ```sh model and ```sh lenet the shipped weights; else it is skipped and said so.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def main():
    reprise, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    data = pathlib.Path(os.environ.get('REPRISE_DATA', source.parent / 'shared'))
    mnist = data / 'mnist'
    environment = dict(os.environ, PATH=f'{reprise.parent}:{os.environ["PATH"]}', MNIST=str(mnist),
                       EXAMPLES=str(source / 'examples'))
    has = {'model': (source / 'models/piano.safetensors').is_file(), 'data': mnist.is_dir(),
           'lenet': (source / 'models/lenet-modern.safetensors').is_file(),
           'graphviz': shutil.which('dot') is not None}
    number, failed = 0, 0
    for chapter in sorted((source / 'docs/learn').glob('*.md')):
        with tempfile.TemporaryDirectory() as folder:
            for needs, commands in re.findall(r'^```sh *([^\n]*)\n(.*?)^```', chapter.read_text(),
                                              re.M | re.S):
                number += 1
                name = f'{chapter.name}: {commands.splitlines()[0]}'.replace('#', '')
                missing = [need for need in needs.split() if not has.get(need, False)]
                if missing:
                    print(f'ok {number} - {name} # SKIP no {missing[0]}')
                    continue
                run = subprocess.run(['sh', '-e', '-c', commands], cwd=folder, env=environment,
                                     capture_output=True, text=True)
                print(f'{"ok" if run.returncode == 0 else "not ok"} {number} - {name}')
                if run.returncode != 0:
                    failed += 1
                    for line in (run.stdout + run.stderr).splitlines()[-10:]:
                        print(f'# {line}')
    print(f'1..{number}')
    return 1 if failed else 0


sys.exit(main())

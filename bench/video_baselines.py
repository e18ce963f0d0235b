#!/usr/bin/env python3
"""video_baselines.py - recovers the clips beside the checkout and lets the judge say how well.

Usage: video_baselines.py REPRISE DATA [--decode] [--markdown] [--only NAME] [--keep DIR]

REPRISE is the command, DATA the folder with video/ and tools/judge_recovery.py. Cases: a moov
removed; b also cut at 60 % of the media data; c bare mdat payload. Reference: another take where there is
one (*), and the clip itself. Prints one line a case: exact, or why not. Exit 0: all exact.
"""
import argparse, importlib.util, json, os, subprocess, sys, tempfile

CLIPS = ['made_xavc_like_A', 'made_xavc_like_B', 'made_obs_3aac_A', 'made_obs_3aac_B', 'android6_take1',
         'android6_take2', 'iphone6_avc', 'ipad_mini_hevc', 'iphone12_hevc_dovi', 'android14_hevc10',
         'gopro_max_head', 'android_hevc_mett', 'phone_3gp5_avc', 'samsung_slowmo_svc']
OTHER_TAKE = {'made_xavc_like_A': 'made_xavc_like_B', 'made_xavc_like_B': 'made_xavc_like_A',
              'made_obs_3aac_A': 'made_obs_3aac_B', 'made_obs_3aac_B': 'made_obs_3aac_A',
              'android6_take1': 'android6_take2', 'android6_take2': 'android6_take1'}


def find(folder, name):
    for ending in ('.mp4', '.mov'):
        if os.path.exists(os.path.join(folder, name + ending)):
            return os.path.join(folder, name + ending)
    return None


def make_broken(judge, path, case, out):
    """writes the broken file; returns which bytes of the original are still in it"""
    f, top, _ = judge.load(path)
    data = open(path, 'rb').read()
    if case == 'c':
        a, b = next((a, b) for t, a, b in top if t == b'mdat')
        kept, left = data[a:b], (a, b)
    else:
        a, b = next((a - 8, b) for t, a, b in top if t == b'moov')
        start, end = left = next((x, y) for t, x, y in top if t == b'mdat')
        kept = data[:a] + data[b:]
        if case == 'b':
            left = (start, start + (end - start) * 6 // 10)
            kept = kept[:left[1] if start < a else left[1] - (b - a)]
    open(out, 'wb').write(kept)
    return left


def reason(result):
    if 'error' in result:
        return result['error']
    said = []
    for t in result['tracks']:
        if t.get('exact') or (t.get('missing') and t.get('avail') == 0):
            continue
        if t.get('missing'):
            said.append('%s missing' % t['codec'])
            continue
        words = []
        if t['identical'] != t['avail']:
            words.append('%d of %d samples' % (t['identical'], t['avail']))
        if t['wrong']:
            words.append('%d wrong' % t['wrong'])
        for key, name in (('dts_equal', 'dts'), ('cts_equal', 'pts'), ('dur_equal', 'duration'), ('sync_equal', 'sync')):
            if t[key] < t['identical']:
                words.append('%s right in %d of %d' % (name, t[key], t['identical']))
        if t['shift_ms'] not in (None, [0.0, 0.0]):
            words.append('shift %s ms' % t['shift_ms'])
        if not t['config_equal']:
            words.append('configuration differs')
        said.append('%s: %s' % (t['codec'], ', '.join(words)))
    return '; '.join(said)


def run_case(options, judge, folder, name, case, reference, work):
    path = find(folder, name)
    broken, out = os.path.join(work, 'broken'), os.path.join(work, 'out.mp4')
    left = make_broken(judge, path, case, broken)
    judge.avail_range = lambda original, ignored: left  # known here; the judge would have to guess
    if os.path.exists(out):
        os.remove(out)
    p = subprocess.run([options.reprise, 'video', 'recover', '--reference', reference, broken, '-o', out, '--json'],
                       capture_output=True, text=True)
    if not os.path.exists(out):
        return False, 'no output: ' + p.stderr.strip(), {}
    result = judge.judge(path, out, broken, options.decode)
    if options.keep:
        os.makedirs(options.keep, exist_ok=True)
        for source in (broken, out):
            os.replace(source, os.path.join(options.keep, '%s.%s.%s' % (name, case, os.path.basename(source))))
    return result['exact'], reason(result), result


def main():
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument('reprise')
    cli.add_argument('data')
    cli.add_argument('--decode', action='store_true')
    cli.add_argument('--markdown', action='store_true')
    cli.add_argument('--only')
    cli.add_argument('--keep')
    options = cli.parse_args()
    where = os.path.join(options.data, 'tools', 'judge_recovery.py')
    spec = importlib.util.spec_from_file_location('judge_recovery', where)
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    folder = os.path.join(options.data, 'video')
    exact = total = 0
    if options.markdown:
        print('| clip | reference | case | exact | what differs |\n|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as work:
        for name in CLIPS:
            if options.only and options.only not in name:
                continue
            for other in (OTHER_TAKE.get(name), name):
                if other is None:
                    continue
                for case in 'abc':
                    is_exact, why, _ = run_case(options, judge, folder, name, case, find(folder, other), work)
                    exact += is_exact
                    total += 1
                    reference = 'itself' if other == name else other
                    row = (name, reference, case, 'yes' if is_exact else 'no', why)
                    print('| %s | %s | %s | %s | %s |' % row if options.markdown else '%-20s %-18s %s %-3s %s' % row, flush=True)
    print('\n%d of %d exact' % (exact, total))
    return 0 if exact == total else 1


if __name__ == '__main__':
    sys.exit(main())

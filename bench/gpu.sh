#!/bin/sh
# gpu.sh: all that is to be shown on a GPU, in one run; for a machine with an H200, nvcc, cuBLAS,
# cuDNN and, for the peer, PyTorch 2. Each step prints its figure beside what is asked of it.
#
#     bench/gpu.sh [STEP...]        steps: build rows sanitize zeus epoch lenet same move train
#
# DATA=FOLDER   the engraved data set in the OLiMPiC layout        (epoch, same, move, train)
# SCANS=FOLDER  the scanned one                                    (train)
# MNIST=FOLDER  the four IDX files                                 (lenet)
# BUILD, OUT    where to build and to leave runs (build-gpu, gpu-runs); HOURS of the long training (1)
# A step whose input is not there says so and counts as left out; exit status 1: something asked was
# missed or failed, 77: nothing failed, but steps were left out.
cd "$(dirname "$0")/.." || exit 4
BUILD=${BUILD:-build-gpu} OUT=${OUT:-gpu-runs} HOURS=${HOURS:-1}
missed=0 left_out=0
reprise=$BUILD/src/cli/reprise
mkdir -p "$OUT" || exit 4

# row NAME FIGURE ASKED HOLDS(0|1): one line of the table.
row() {
    if [ "$4" = 1 ]; then verdict=holds; else verdict=MISSED missed=1; fi
    printf '%-46s %-26s asked: %-28s %s\n' "$1" "$2" "$3" "$verdict"
}
skip() { left_out=1; printf '%-46s left out: %s\n' "$1" "$2"; }
# holds EXPRESSION: 1 or 0.
holds() { awk "BEGIN { print ($1) ? 1 : 0 }"; }
# number KEY < JSON: the first number behind "KEY".
number() { sed -n "s/.*\"$1\": \([-0-9.e+]*\).*/\1/p" | tail -1; }

step_build() {
    [ -e "$BUILD/build.ninja" ] || meson setup "$BUILD" -Dcuda=enabled || exit 4
    ninja -C "$BUILD" || exit 4
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    git log -1 --format='commit %h'
}

step_rows() {
    "$BUILD/tests/ops/ops_driver" --device cuda > "$OUT/rows.tap"
    wrong=$(grep -c '^not ok' "$OUT/rows.tap")
    right=$(grep -c '^ok .*cuda' "$OUT/rows.tap")
    row 'rows against ref, f32 and bf16' "$right right, $wrong wrong" '0 wrong, > 90 right' \
        "$(holds "$wrong == 0 && $right > 90")"
    same=$(grep -c '^ok .*two runs on the GPU' "$OUT/rows.tap")
    row 'rows that give the same bits twice' "$same" '46' "$(holds "$same == 46")"
    "$BUILD/tests/ops/ops_driver" --device cuda --time | tee "$OUT/rows.time"
}

step_sanitize() {
    if ! command -v compute-sanitizer > /dev/null; then
        skip 'compute-sanitizer' 'it is not installed'
        return
    fi
    for tool in memcheck racecheck initcheck; do
        compute-sanitizer --tool $tool --error-exitcode 9 "$BUILD/tests/ops/ops_driver" \
            --device cuda --seed 0 --size 3 > "$OUT/$tool.log" 2>&1
        code=$?
        row "compute-sanitizer $tool" "exit $code" '0' "$(holds "$code == 0")"
    done
}

step_zeus() {
    ours=$("$BUILD/bench/bench_zeus" step 64 bf16 30 cuda | number systems_per_second)
    [ -n "$ours" ] || ours=0
    row 'training step of zeus, batch 64, bf16' "$ours systems/s" '>= 2500 systems/s' \
        "$(holds "$ours >= 2500")"
    printf '    of the ceiling by arithmetic (25,900/s) %.1f %%, by bytes (8,600/s) %.1f %%: docs/gpu.md\n' \
        "$(awk "BEGIN { print $ours / 259 }")" "$(awk "BEGIN { print $ours / 86 }")"
    if ! python3 -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
        skip 'the same in PyTorch' 'no PyTorch with CUDA'
        return
    fi
    (cd bench && python3 zeus_torch_gpu.py 64 30) > "$OUT/torch.json"
    peer=$(number systems_per_second < "$OUT/torch.json")
    cat "$OUT/torch.json"
    ratio=$(awk "BEGIN { print $ours / $peer }")
    row 'the same beside the best of PyTorch' "$ratio x ($peer systems/s)" '>= 3 x' \
        "$(holds "$ratio >= 3")"
}

step_epoch() {
    [ -d "$DATA" ] || { skip 'an epoch with augmentation' 'no DATA'; return; }
    "$reprise" score train "$DATA" -c zeus --batch 64 --epochs 1 --evaluate-limit 64 \
        --evaluate-minutes 1000 --device cuda -o "$OUT/epoch" || missed=1
    seconds=$(grep '"kind": "train"' "$OUT/epoch/log.jsonl" | number seconds)
    row 'an epoch with augmentation' "$seconds s" '<= 8 s' "$(holds "${seconds:-999} <= 8")"
}

step_lenet() {
    [ -d "$MNIST" ] || { skip 'lenet to 99 %' 'no MNIST'; return; }
    "$reprise" learn lenet --data "$MNIST" --device cuda --json > "$OUT/lenet.jsonl" || missed=1
    seconds=$(awk -F'[:,}]' '/"pass"/ { for (i = 1; i < NF; i++) {
                  if ($i ~ /"seconds"/) spent += $(i + 1)
                  if ($i ~ /"test_error"/) wrong = $(i + 1) }
                  if (wrong <= 1.0) { print spent; exit } }' "$OUT/lenet.jsonl")
    row 'lenet (modern) to 99 % of the test digits' "${seconds:-never} s" 'seconds (< 60)' \
        "$(holds "${seconds:-999} < 60")"
}

# short FOLDER DEVICE EPOCHS [OPTION...]: 20 steps an epoch.
short() {
    folder=$1 device=$2 epochs=$3
    shift 3
    "$reprise" score train "$DATA" --limit 320 --batch 16 --epochs "$epochs" --evaluate-limit 16 \
        --evaluate-minutes 1000 --seed 7 --device "$device" -o "$OUT/$folder" "$@" || missed=1
}

step_same() {
    [ -d "$DATA" ] || { skip 'two runs with one seed' 'no DATA'; return; }
    short same1 cuda 2
    short same2 cuda 2
    cmp "$OUT/same1/checkpoint.safetensors" "$OUT/same2/checkpoint.safetensors"
    row 'two runs with one seed' "cmp says $?" 'equal to the bit' \
        "$(cmp -s "$OUT/same1/checkpoint.safetensors" "$OUT/same2/checkpoint.safetensors" && echo 1 || echo 0)"
}

step_move() {
    [ -d "$DATA" ] || { skip 'a checkpoint from device to device' 'no DATA'; return; }
    short move cuda 1
    short move cpu 2 --resume
    short move cuda 3 --resume
    steps=$(grep '"kind": "train"' "$OUT/move/log.jsonl" | number step)
    row 'a checkpoint GPU to CPU to GPU' "step ${steps:-none}" '60' "$(holds "${steps:-0} == 60")"
}

# ser MODEL DATA SPLIT
ser() { "$reprise" score evaluate "$2" --split "$3" --model "$1" --json | number ser; }

step_train() {
    [ -d "$DATA" ] || { skip 'training to the end' 'no DATA'; return; }
    "$reprise" score train "$DATA" --init models/piano.safetensors --rate 2e-4 --batch 64 \
        --epochs 1000 --stop-minutes "$(awk "BEGIN { print $HOURS * 60 }")" --device cuda \
        -o "$OUT/piano"
    "$reprise" score train "$DATA" -c zeus --batch 64 --epochs 200 --rate 1e-3 \
        --stop-minutes "$(awk "BEGIN { print $HOURS * 60 }")" --device cuda -o "$OUT/zeus"
    for model in models/piano.safetensors "$OUT/piano/model.safetensors" \
        "$OUT/zeus/model.safetensors"; do
        printf '%s: dev SER %s %%' "$model" "$(ser "$model" "$DATA" dev)"
        if [ -d "$SCANS" ]; then printf ', scans dev SER %s %%' "$(ser "$model" "$SCANS" dev)"; fi
        printf '\n'
    done
    [ -d "$SCANS" ] || skip 'SER of scans' 'no SCANS'
}

[ $# -gt 0 ] || set -- build rows sanitize zeus epoch lenet same move train
for step in "$@"; do
    case $step in
        build | rows | sanitize | zeus | epoch | lenet | same | move | train) "step_$step" ;;
        *) echo "no step is called $step" >&2; exit 2 ;;
    esac
done
[ $missed = 0 ] || exit 1
[ $left_out = 0 ] || exit 77

#!/usr/bin/env bash
# Checks the repository in named steps.
#
#   .ci/check.sh                all steps but the long ones
#   .ci/check.sh fmt clippy     some
#   .ci/check.sh tsan           a long one, which must be asked for by name
#   .ci/check.sh --list         what there is
#
# Needs Rust and nothing else: a step whose tool is missing says so and is skipped. Every step runs, whatever failed
# before it, and two at once, since compilers and tests leave a processor idle for much of their time; what a step prints
# appears when it ends. Ends with the time of each step and the line `N passed, N failed`, and exits 0 if none failed.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2

# Flags of the caller's would change what is tested.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTDOCFLAGS

readonly SKIPPED=77
# Seconds that a step may take. A test that hangs would otherwise end the whole run without a verdict.
readonly STEP_LIMIT=1800
readonly TARGET=${CARGO_TARGET_DIR:-target}
HOST=$(rustc -vV | sed -n 's/^host: //p')
readonly HOST

skip() {
    echo "skipped: $*"
    return $SKIPPED
}

# Compiler flags, as an argument of cargo's `--config`.
with_flags() {
    printf 'target."cfg(all())".rustflags=['
    printf '"%s",' "$@"
    printf ']'
}

# A command under which tests run, as an argument of cargo's `--config`.
with_runner() {
    printf 'target."cfg(all())".runner=[%s]' "$1"
}

# The names of a package's features, from its manifest.
features() {
    sed -n '/^\[features\]/,/^\[dep/s/^\([a-z0-9]*\) = .*/\1/p' "$1"
}

# Runs a command that runs tests, and fails if it ran none: a filter that fits nothing would pass.
some_tests() {
    "$@" 2>&1 | tee "$LOGS/tests" || return
    grep -qE 'test result: ok\. [1-9]' "$LOGS/tests" && return
    echo "error: no test was run"
    return 1
}

LOGS=$(mktemp -d)
readonly LOGS
trap 'rm -rf "$LOGS"' EXIT

# ---- the steps -------------------------------------------------------------------------------------------------------

about_fmt="the source is formatted"
step_fmt() {
    cargo fmt --check
}

about_clippy="no warning in any target, with all features"
step_clippy() {
    cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
}

about_test="the README's test command"
step_test() {
    cargo test --all-features --workspace
}

about_doctest="the examples of the documentation, with the default features"
step_doctest() {
    some_tests cargo test --doc --package pleach --package pleach-shared --package pleach-collections
}

about_docs="the documentation has no warning, dead links among them"
step_docs() {
    local packages=(--package pleach-collections --package pleach-collections-rc --package pleach-shared --package pleach --package pleach-metta)
    RUSTDOCFLAGS="-D warnings" cargo doc "${packages[@]}" --no-deps --all-features &&
        RUSTDOCFLAGS="-D warnings" cargo doc "${packages[@]}" --no-deps
}

about_features="no warning with no feature, nor with each one alone; the tests of maps without std"
step_features() {
    local package manifest feature all
    for package in pleach pleach-collections; do
        manifest=Cargo.toml
        [ $package = pleach ] || manifest=crates/$package/Cargo.toml
        all=$(features $manifest) && [ -n "$all" ] || return 1
        for feature in "" $all; do
            echo "-- $package, feature: ${feature:-none}"
            cargo clippy --package $package --no-default-features --features "$feature" -- -D warnings || return
        done
    done
    # Without the standard library, hashing, bulk insertion and drops of nested collections differ.
    some_tests env PLEACH_CASES=2000 cargo test --package pleach-collections --no-default-features --test=map
}

about_tiny="the tests of what is made of nodes, with nodes so small that few keys make deep tries"
step_tiny() {
    # Ten thousand histories each, optimized; otherwise fewer cases, since those of the step `test` are many.
    local test=(env PLEACH_CASES=2500 "${TINY_NODES[@]}" cargo test --all-features)
    some_tests env PLEACH_CASES=340000 "${TINY_NODES[@]}" "${OPTIMIZED[@]}" --test=laws -- histories &&
        some_tests "${test[@]}" --package pleach-collections --lib --test=map &&
        some_tests "${test[@]}" --package pleach --test=env --test=shared &&
        some_tests "${test[@]}" --package pleach --lib -- env:: shared:: persist::tests
}

about_loom="the protocol of shared worlds, in all interleavings of its threads"
step_loom() {
    some_tests cargo test --target-dir "$TARGET/loom" "${PLAIN_DEPENDENCIES[@]}" --config profile.dev.package.loom.opt-level=1 \
        --config "$(with_flags --cfg loom)" --package pleach-shared --lib -- model_check
}

about_tour="the README's first command prints what examples/tour.expected says"
step_tour() {
    # Not optimized, which takes half as long: what is printed is the same.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo pleach run examples/tour.metta | diff -u examples/tour.expected - || return
    # Built with the features of the step `test`, whose libraries they share then.
    cargo build --all-features --workspace --example embed --example evaluate --example many_machines &&
        "$TARGET/debug/examples/embed" && "$TARGET/debug/examples/evaluate" && "$TARGET/debug/examples/many_machines"
}

about_deps="dependencies: locked, without C, and under a permissive licence (MPL for im and imbl, which are optional)"
step_deps() {
    local tree bad
    tree=$(cargo tree --locked --package pleach-cli --package pleach --all-features --edges normal,build --prefix none --no-dedupe --format '{p}|{l}' | sed '/^$/d') || return
    bad=$(sort -u <<<"$tree" | awk -F'|' '{
        split($2, alternatives, / OR |\//); fine = 0
        for (i in alternatives) if (alternatives[i] ~ /^\(?(MIT|Apache-2\.0|BSD-[23]-Clause|BSD-2-Clause-Patent|BSL-1\.0|ISC|MPL-2\.0\+|Unicode-3\.0|Unlicense|Zlib|0BSD|CC0-1\.0)( WITH LLVM-exception)?\)?( AND .*)?$/) fine = 1
        if (!fine) print "licence: " $0
    }')
    bad+=$(grep -E '^(cmake|cc|bindgen|pkg-config) ' <<<"$tree" | sort -u)
    [ -z "$bad" ] || { echo "$bad"; return 1; }
    echo "$(sort -u <<<"$tree" | wc -l) packages"
    # Whoever wants a map alone compiles few crates.
    tree=$(cargo tree --locked --package pleach-collections --edges normal,build --prefix none --no-dedupe --format '{p}' | sort -u) || return
    [ "$(wc -l <<<"$tree")" -le 12 ] || { echo "pleach-collections has more than 12 packages:"; echo "$tree"; return 1; }
}

about_targets="collections and environments compile for WebAssembly, 32 bits and big-endian, collections without std too"
step_targets() {
    local target package
    for target in wasm32-unknown-unknown i686-unknown-linux-gnu s390x-unknown-linux-gnu x86_64-unknown-none thumbv7em-none-eabi; do
        if ! rustup target add "$target" >/dev/null 2>&1; then
            echo "-- $target: left out, since rustup can't install it here"
            continue
        fi
        package=(--package pleach)
        [[ $target != *-none* ]] || package=(--package pleach-collections --no-default-features --features serde)
        echo "-- $target"
        RUSTFLAGS="--cap-lints=warn" cargo check --locked "${package[@]}" --target "$target" --target-dir "$TARGET/targets" || return
    done
}

about_package="each crate that others use can be packaged"
step_package() {
    cargo package --locked --no-verify --allow-dirty "${PUBLISHED[@]/#/--package=}" --target-dir "$TARGET/package"
}

about_msrv="it compiles with the lowest Rust that Cargo.toml promises"
step_msrv() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    [ -n "$version" ] || { echo "error: Cargo.toml has no rust-version"; return 1; }
    if ! cargo "+$version" --version; then
        command -v rustup >/dev/null || skip "Rust $version is not here, nor rustup to install it" || return
        rustup toolchain install "$version" --profile minimal --no-self-update ||
            skip "rustup can't install Rust $version here" || return
    fi
    cargo "+$version" check --locked "${PUBLISHED[@]/#/--package=}" --all-features --target-dir "$TARGET/msrv"
}

about_minimal="it compiles with the lowest versions of dependencies that Cargo.toml allows"
step_minimal() {
    # Unstable, but stable cargos have it behind RUSTC_BOOTSTRAP, which only the resolver is given.
    RUSTC_BOOTSTRAP=1 cargo -Z help 2>/dev/null | grep -q direct-minimal-versions ||
        skip "this cargo has no -Z direct-minimal-versions" || return
    local copy=$TARGET/minimal/copy
    # In a copy, so that Cargo.lock stays. What is not tracked yet belongs to it too.
    rm -rf "$copy" && mkdir -p "$copy" || return
    git ls-files -z --cached --others --exclude-standard -- Cargo.toml .cargo src crates benches docs README.md examples tests rustfmt.toml clippy.toml |
        xargs -0 cp --parents --no-dereference -t "$copy" || return
    (
        target=$(cd "$TARGET" && pwd)/minimal/target && cd "$copy" || exit
        RUSTC_BOOTSTRAP=1 cargo generate-lockfile --quiet -Z direct-minimal-versions || exit
        cargo check --locked --package pleach --package pleach-collections --all-features --target-dir "$target"
    )
}

about_remote="remotes in servers of S3's protocol, on loopback"
step_remote() {
    .ci/remote.sh
}

about_asan="the laws of the collections, with tiny nodes, under AddressSanitizer"
step_asan() {
    local runtime
    runtime=$(find "$(rustc --print sysroot)/lib/rustlib/$HOST/lib" -name '*asan*' -print -quit 2>/dev/null)
    [ -n "$runtime" ] || skip "this toolchain has no AddressSanitizer for $HOST" || return
    # -Zsanitizer is unstable, but stable compilers have it behind this variable.
    # Leaks are what the step `valgrind` looks for. Not optimized, and few cases: optimized code takes longer to compile.
    local test=(env PLEACH_CASES=2000 RUSTC_BOOTSTRAP=1 ASAN_OPTIONS=detect_leaks=0 cargo test --package pleach-collections
        --features rayon --target "$HOST" --target-dir "$TARGET/asan"
        --config "$(with_flags -Zsanitizer=address --cfg pleach_tiny_nodes)")
    # The step `valgrind` runs the panics of `laws`, and checks accesses too.
    local skipped=(--skip a_million)
    ! command -v valgrind >/dev/null || skipped+=(--skip panics::)
    some_tests "${test[@]}" --lib -- "${GUARDED[@]}" &&
        some_tests "${test[@]}" --package pleach-collections-rc --test=laws -- "${skipped[@]}" &&
        some_tests "${test[@]}" --test=btree
}

about_valgrind="the collections under valgrind"
step_valgrind() {
    if ! command -v valgrind >/dev/null && [ -n "${CI-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install --quiet --yes valgrind >/dev/null 2>&1
    fi
    command -v valgrind >/dev/null || skip "valgrind is not installed" || return
    local checked='"valgrind","--quiet","--error-exitcode=9"'
    local leaks="$checked"',"--leak-check=full","--show-leak-kinds=definite","--errors-for-leak-kinds=definite"'
    # What runs long is optimized, since valgrind takes fifty times as long; the others are the binaries of the step `test`.
    local test=(cargo test --all-features --workspace)
    some_tests "${test[@]}" --config "$(with_runner "$leaks")" --test=btree -- ord::api:: ord::panics::panics_leave_sets ord::panics::all_entries vector::api:: vector::panics::all_items || return
    test=(env "${TINY_NODES[@]}" "${OPTIMIZED[@]}")
    some_tests "${test[@]}" --config "$(with_runner "$checked")" --lib -- "${GUARDED[@]}" &&
        some_tests "${test[@]}" --config "$(with_runner "$leaks")" --test=laws -- panics::
}

about_pathmap="the conversion from and to PathMap, with the compiler flags that it needs"
step_pathmap() {
    local flags=-Ctarget-feature=+aes
    case $HOST in x86_64-* | aarch64-*) ;; *) skip "pathmap needs AES instructions" || return ;; esac
    some_tests cargo test --package pleach --features pathmap --target-dir "$TARGET/pathmap" "${PLAIN_DEPENDENCIES[@]}" --config "$(with_flags $flags)" --test=pathmap
}

about_benches="the benches run, once and at small sizes (long: compiles the rivals)"
step_benches() {
    cargo test --benches
}

about_kills="500 journals, 500 saves and 500 archives whose process is killed at random moments, and more cases of the maps' properties (long)"
step_kills() {
    some_tests cargo test --release --all-features --package pleach --test=persist -- --include-ignored journal:: archive_faults:: &&
        some_tests cargo test --release --package pleach-metta --test=metta -- --include-ignored processes:: &&
        some_tests env PLEACH_CASES=100000 cargo test --release --all-features --package pleach-collections --test=laws --test=map --test=btree -- --include-ignored &&
        some_tests env PLEACH_CASES=3400000 cargo test --release --all-features --package pleach-collections --test=laws -- histories
}

about_soak="64 threads on all that a shared world is for, 10 minutes long, or 1 where CI is set (long)"
step_soak() {
    some_tests env PLEACH_SOAK_SECONDS="$([ -n "${CI-}" ] && echo 60 || echo 600)" \
        cargo test --release --package pleach-metta --test=soak -- --nocapture
}

about_tsan="sharing, fork-join and the layers together under ThreadSanitizer (long: builds the standard library)"
step_tsan() {
    local nightly=(cargo +nightly)
    "${nightly[@]}" --version && [ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src" ] ||
        skip "no nightly toolchain with the component rust-src" || return
    # All that runs must be built with it, or what it does not see looks like a race.
    some_tests "${nightly[@]}" test -Zbuild-std --all-features --target "$HOST" --target-dir "$TARGET/tsan" \
        --config "$(with_flags -Zsanitizer=thread)" \
        --test=shared --test=env --test=metta -- api:: stress:: fork_join:: integration::
}

# Compiles this repository's crates with tiny nodes. A wrapper leaves the dependencies as they are: flags would build them
# again.
TINY_NODES=("RUSTC_WORKSPACE_WRAPPER=$PWD/.ci/tiny-nodes")

# Dependencies that aren't optimized, where compiling them takes longer than what runs.
PLAIN_DEPENDENCIES=(--config 'profile.dev.package."*".opt-level=0')

# A command that tests optimized collections.
OPTIMIZED=(cargo test --all-features --package pleach-collections --config profile.dev.opt-level=1)

# The unit tests that the steps `asan` and `valgrind` run: those of the nodes.
GUARDED=(hamt:: btree:: trie::)

# The packages that others use.
PUBLISHED=(pleach-collections pleach-collections-rc pleach-shared pleach pleach-metta pleach-cli)

# ---- running them ----------------------------------------------------------------------------------------------------

# Those that take longest begin first, each beside one that compiles into another folder.
readonly STEPS=(test asan tiny tour valgrind features remote pathmap doctest clippy docs targets loom minimal msrv package deps fmt)
readonly LONG=(benches kills soak tsan)

# Runs a step, and writes its verdict, its time and the processor time of all its commands to `$LOGS/step.result`.
run_step() {
    local step=$1 start=$SECONDS verdict cpu about="about_$1"
    printf '\n==== %s: %s\n' "$step" "${!about}"
    timeout "$STEP_LIMIT" "$0" --unlimited "$step"
    case $? in
        124) verdict="TIME UP" ;;
        0) verdict=passed ;;
        "$SKIPPED") verdict=skipped ;;
        *) verdict=FAILED ;;
    esac
    times >"$LOGS/$step.times"
    cpu=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] } printf "%d", s }' "$LOGS/$step.times")
    printf '%-10s%-8s%5d s %5d s of processor time\n' "$step" "$verdict" $((SECONDS - start)) "$cpu" >"$LOGS/$step.result"
}

main() {
    local step about wanted running=0
    if [ "${1-}" = --unlimited ]; then
        "step_$2"
        return
    fi
    if [ "${1-}" = --list ]; then
        for step in "${STEPS[@]}" "${LONG[@]}"; do
            about="about_$step"
            printf '%-10s%s\n' "$step" "${!about}"
        done
        return
    fi

    wanted=("$@")
    [ $# -gt 0 ] || wanted=("${STEPS[@]}")
    for step in "${wanted[@]}"; do
        declare -F "step_$step" >/dev/null && continue
        echo "no such step: $step (there are: ${STEPS[*]} ${LONG[*]})" >&2
        return 2
    done

    if [ ${#wanted[@]} -eq 1 ]; then
        run_step "${wanted[0]}"
    else
        for step in "${wanted[@]}"; do
            [ $running -lt 2 ] || { wait -n; running=$((running - 1)); }
            { run_step "$step" >"$LOGS/$step" 2>&1; cat "$LOGS/$step"; } &
            running=$((running + 1))
        done
        wait
    fi

    printf '\n==== in all %d s\n' "$SECONDS"
    for step in "${wanted[@]}"; do
        cat "$LOGS/$step.result"
    done
    printf '%d passed, %d failed\n' "$(cat "$LOGS"/*.result | grep -c ' passed ')" "$(cat "$LOGS"/*.result | grep -cE ' (FAILED|TIME UP) ')"
    ! grep -qE ' (FAILED|TIME UP) ' "$LOGS"/*.result
}

# On one line, so that the script can be edited while it runs.
main "$@"; exit

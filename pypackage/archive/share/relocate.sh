#!/bin/sh
# Let the files of an environment name the folder that it is in: `sh relocate.sh PREFIX`.
#
# For an environment without a Python, whose archive has this instead of running relocate.py. It
# needs sh, coreutils (or busybox), grep and sed. What it works on stands at its end: the functions
# each_text, each_binary and the number ppl_room, which the maker of the archive has added.
#
# Before the first text is rewritten all of them are copied as they were unpacked, and each
# rewriting starts from these copies; of binaries the strings stand here. So it can be done again,
# after the environment was moved and after a process that was killed half-way.
#
# shellcheck disable=SC2015 # what stands between && and || has its own reason to fail
# shellcheck disable=SC2154 # of the end
set -u
LC_ALL=C # a character is a byte
export LC_ALL

relocate() {
    # Rewrite all files for the folder $1.
    ppl_prefix=$1
    ppl_originals=$ppl_prefix/etc/pypackage/originals
    case $ppl_prefix in
        *'
'*) fail "no file can name a folder with a newline in its name" ;;
        /*) ;;
        *) fail "usage: relocate.sh PREFIX (an absolute path)" ;;
    esac
    [ ${#ppl_prefix} -le "$ppl_room" ] || fail "there is room for a prefix of $ppl_room bytes, \
and this one has ${#ppl_prefix}: $ppl_prefix"
    ppl_replacement=$(printf '%s\n' "$ppl_prefix" | sed 's/[&\\|]/\\&/g')
    ppl_longest=254 # what Linux reads of a script's first line, from 5.1 on
    case $(uname -r) in
        [0-4].* | 5.0*) ppl_longest=126 ;;
    esac
    keep_originals
    each_text check_text
    each_text rewrite_text
    each_binary
}

fail() {
    printf 'relocate.sh: %s\n' "$1" >&2
    exit 1
}

keep_originals() {
    # Copy the texts as they are now, whole or not at all.
    [ ! -d "$ppl_originals" ] || return 0
    rm -rf "$ppl_originals.new" && mkdir -p "$ppl_originals.new" || fail "cannot write to $ppl_prefix"
    each_text keep_text
    mv "$ppl_originals.new" "$ppl_originals" || fail "cannot write to $ppl_prefix"
}

# Texts: $1 is the number, $2 the path, $3 matches the placeholder

keep_text() {
    cp -p "$ppl_prefix/$2" "$ppl_originals.new/$1" || fail "cannot copy $2"
}

check_text() {
    grep -q -e "$3" "$ppl_originals/$1" || grep -qF -e "$ppl_prefix" "$ppl_originals/$1" ||
        fail "$2 was rewritten for another folder by another tool; unpack the environment again"
}

rewrite_text() {
    ppl_new=$ppl_prefix/$2.$$.new
    cp -p "$ppl_originals/$1" "$ppl_new" && make_writable "$ppl_new" &&
        sed "s|$3|$ppl_replacement|g" <"$ppl_originals/$1" >"$ppl_new" &&
        shorten_shebang "$ppl_new" && publish "$2" || fail "cannot write $2"
}

shorten_shebang() {
    # Let env find the interpreter of the script $1 where the kernel would not take the line.
    IFS= read -r ppl_line <"$1" || :
    ppl_line=${ppl_line#'#!'}
    ppl_line=${ppl_line# }
    case $ppl_line in
        "$ppl_prefix"/*) ;;
        *) return 0 ;;
    esac
    case $ppl_prefix in
        *[[:blank:]]*) ;;
        *) [ $((${#ppl_line} + 2)) -gt "$ppl_longest" ] || return 0 ;;
    esac
    ppl_line=${ppl_line#"$ppl_prefix/"}
    ppl_program=${ppl_line%% *}
    ppl_options=${ppl_line#"$ppl_program"}
    # Without -S, of 2018, env takes the name and the options for one name.
    tail -n +2 "$1" >"$1.rest" &&
        { printf '#!/usr/bin/env %s\n' "${ppl_options:+-S }${ppl_program##*/}$ppl_options" &&
            cat "$1.rest"; } >"$1" && rm -f "$1.rest"
}

# Binaries: begin PATH, piece OFFSET LENGTH STRING for each of its strings, publish PATH

begin() {
    ppl_new=$ppl_prefix/$1.$$.new
    cp -p "$ppl_prefix/$1" "$ppl_new" && make_writable "$ppl_new" || fail "cannot write $1"
}

piece() {
    # Put a string into its place, filled up with NULs.
    printf %s "$3" | dd bs=1 seek="$1" conv=notrunc of="$ppl_new" 2>/dev/null &&
        dd bs=1 seek=$(($1 + ${#3})) count=$(($2 - ${#3})) conv=notrunc if=/dev/zero \
            of="$ppl_new" 2>/dev/null || fail "cannot write $ppl_new"
}

make_writable() {
    ppl_lock=
    [ -w "$1" ] || { ppl_lock=yes && chmod u+w "$1"; }
}

publish() {
    # Put the new file in the place of $1. A process that runs or reads the former one keeps it.
    [ -z "$ppl_lock" ] || chmod u-w "$ppl_new"
    # macOS runs no program that was changed since it was signed.
    if [ "${2-}" = binary ] && [ "$(uname)" = Darwin ]; then
        /usr/bin/codesign --sign - --force "$ppl_new" || fail "cannot sign $1"
    fi
    mv -f "$ppl_new" "$ppl_prefix/$1"
}

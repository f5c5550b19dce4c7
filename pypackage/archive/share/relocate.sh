#!/bin/sh
# Relocate an environment, so that its files contain its path: `sh relocate.sh PREFIX`.
#
# This is in archives of environments without Python, which cannot run relocate.py. It needs sh,
# coreutils (or busybox), grep and sed. What to relocate is at the end, appended when the archive
# was made: the functions each_text and each_binary, and the number ppl_room.
#
# Before the first text file is rewritten, all of them are copied as unpacked, and each relocation
# starts from these copies; the strings of binaries are in this file. So it can be run again, after
# the environment was moved or after a relocation was killed.
#
# shellcheck disable=SC2015 # the command between && and || may fail, too
# shellcheck disable=SC2154 # set in the appended part
set -u
LC_ALL=C # so that a character is a byte
export LC_ALL

relocate() {
    # Relocate all files to the folder $1.
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
    ppl_longest=254 # how much Linux reads of a script's first line, from 5.1 on
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
    # Copy the text files as they are now: all of them or none.
    [ ! -d "$ppl_originals" ] || return 0
    rm -rf "$ppl_originals.new" && mkdir -p "$ppl_originals.new" || fail "cannot write to $ppl_prefix"
    each_text keep_text
    mv "$ppl_originals.new" "$ppl_originals" || fail "cannot write to $ppl_prefix"
}

# Text files: $1 is the number, $2 the path, $3 a pattern that matches the placeholder

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
    # If the kernel would not accept the first line of the script $1, let env find the interpreter.
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
    # Without -S (since 2018), env takes the name and the options for a single name.
    tail -n +2 "$1" >"$1.rest" &&
        { printf '#!/usr/bin/env %s\n' "${ppl_options:+-S }${ppl_program##*/}$ppl_options" &&
            cat "$1.rest"; } >"$1" && rm -f "$1.rest"
}

# Binaries: begin PATH; piece OFFSET LENGTH STRING for each of its strings; publish PATH

begin() {
    ppl_new=$ppl_prefix/$1.$$.new
    cp -p "$ppl_prefix/$1" "$ppl_new" && make_writable "$ppl_new" || fail "cannot write $1"
}

piece() {
    # Write a string to its place, padded with NULs.
    printf %s "$3" | dd bs=1 seek="$1" conv=notrunc of="$ppl_new" 2>/dev/null &&
        dd bs=1 seek=$(($1 + ${#3})) count=$(($2 - ${#3})) conv=notrunc if=/dev/zero \
            of="$ppl_new" 2>/dev/null || fail "cannot write $ppl_new"
}

make_writable() {
    ppl_lock=
    [ -w "$1" ] || { ppl_lock=yes && chmod u+w "$1"; }
}

publish() {
    # Replace $1 by the new file. Processes that run or read the old one keep it.
    [ -z "$ppl_lock" ] || chmod u-w "$ppl_new"
    # macOS does not run programs that were changed after they were signed.
    if [ "${2-}" = binary ] && [ "$(uname)" = Darwin ]; then
        /usr/bin/codesign --sign - --force "$ppl_new" || fail "cannot sign $1"
    fi
    mv -f "$ppl_new" "$ppl_prefix/$1"
}

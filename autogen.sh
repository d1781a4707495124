#!/bin/sh
# Makes ./configure from a git checkout.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux
exec autoreconf --install --force --warnings=all,no-portability

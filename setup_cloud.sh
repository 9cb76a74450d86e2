#!/usr/bin/env bash
# Sets up everything that the pipeline needs, in .venv next to this file, without asking questions.
# Safe to repeat: steps that are up to date are skipped, without the network.
#
#   ./setup_cloud.sh                      set up to run the pipeline
#   ./setup_cloud.sh --dev                also install the tools of its tests and checks
#   ./setup_cloud.sh --bench              also install the libraries that benchmarks compare with
#   PYTHON=python3.12 ./setup_cloud.sh    use this interpreter
set -euo pipefail
unset CDPATH
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly LOG=logs/setup.log
readonly STAMPS=.venv/.setup # a file per finished step: the digest of its inputs
readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p;}' setup_cloud.sh; }
say() { printf '%-10s %s\n' "$1" "$2"; }
die() {
  printf 'setup failed: %s\n' "$1" >&2
  exit 1
}

# quietly NAME COMMAND...: sends output to the log. A failure prints the last lines and stops the
# set-up, even if a full disk keeps them out of the log.
quietly() {
  local name=$1 end
  if ! end=$("${@:2}" 2>&1 </dev/null | tee -a "$LOG" | tail -n 20); then
    printf '%s\n' "$end" >&2
    die "$name failed; its output is in $LOG"
  fi
}

is_done() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() {
  mkdir -p "$STAMPS"
  printf '%s\n' "$2" >"$STAMPS/$1"
}
checksum() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

# --- system packages: Debian and Ubuntu, as root or with passwordless sudo -------------------

apt_get() {
  command -v apt-get >/dev/null || { echo "apt-get not found" && return 1; }
  local prefix=(env DEBIAN_FRONTEND=noninteractive)
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true || { echo "neither root nor passwordless sudo" && return 1; }
    prefix=(sudo -n "${prefix[@]}")
  fi
  "${prefix[@]}" apt-get -qq -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 "$@"
}

apt_install() {
  if [ -z "${apt_updated:-}" ]; then
    apt_updated=yes
    apt_get update >>"$LOG" 2>&1 </dev/null || true # the old package lists may be enough
  fi
  apt_get install -y --no-install-recommends "$@" >>"$LOG" 2>&1 </dev/null
}

# want PACKAGE CONSEQUENCE: installs a package if possible; otherwise prints the consequence.
want() {
  if apt_install "$1"; then
    say system "$1 installed"
  else
    say system "$1 is missing and could not be installed ($LOG): $2"
  fi
}

install_system_packages() {
  command -v fusermount3 >/dev/null || want fuse3 "rclone cannot mount; plain folders work"
  if command -v apt-get >/dev/null && [ ! -e "$CERTIFICATES" ]; then
    want ca-certificates "pip and rclone cannot verify TLS certificates"
  fi
  if [ "$dev" = yes ]; then
    command -v shellcheck >/dev/null || want shellcheck "shell scripts are not checked"
  fi
}

# --- Python ----------------------------------------------------------------------------------

# Runs the interpreter, since a name on the PATH can be a shim without one, and imports the modules
# that a venv needs. Prefect 3.8 refuses Python 3.15.
suits() {
  "$1" -c 'import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1 </dev/null
}

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3; do
    if suits "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

choose_python() {
  if [ -n "${PYTHON:-}" ]; then
    suits "$PYTHON" || die "PYTHON=$PYTHON does not run, is not 3.11 to 3.14, or lacks venv"
    python=$PYTHON
    return
  fi
  python=$(find_python) && return
  local package
  for package in python3-venv python3.13-venv python3.12-venv python3.11-venv; do
    if apt_install "$package" && python=$(find_python); then
      say system "$package installed"
      return
    fi
  done
  die "found no Python 3.11 to 3.14 with venv (python3: $(python_version python3 || echo none)),
and could not install one; $LOG says why. On Debian 12, Ubuntu 24.04 or later:
  sudo apt-get update && sudo apt-get install python3-venv
Elsewhere: https://www.python.org/downloads/ and then PYTHON=/path/to/python3 ./setup_cloud.sh"
}

python_version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# An existing .venv is usable if it runs, has pip, is complete, was not moved, and has the requested
# Python. Complete: pip believes that a package is installed even if an interrupted run left only a
# part of it.
venv_serves() {
  suits .venv/bin/python && .venv/bin/python -c 'import pip' 2>/dev/null || return 1
  [ ! -e "$STAMPS/unfinished" ] ||
    [ -z "$(find .venv/lib/*/site-packages -prune -newer "$STAMPS/unfinished")" ] || return 1
  [ ! -e "$STAMPS/venv" ] || is_done venv "$(pwd -P)" || return 1
  [ -z "${PYTHON:-}" ] || [ "$(python_version "$PYTHON")" = "$(python_version .venv/bin/python)" ]
}

make_venv() {
  if ! venv_serves; then
    choose_python
    quietly "making .venv" "$python" -m venv --clear .venv
  fi
  mark_done venv "$(pwd -P)"
  say python "$(python_version .venv/bin/python) in .venv"
}

# --- packages in .venv -----------------------------------------------------------------------

# pip_install NAME ARGUMENT...
pip_install() {
  mark_done unfinished "$1"
  quietly "$1" .venv/bin/python -m pip --disable-pip-version-check install --quiet "${@:2}"
  rm "$STAMPS/unfinished"
}

# Some images set PYTHONDONTWRITEBYTECODE. Every process would then compile its imports again, which
# takes Prefect's server seconds. pip would compile on one core, and the libraries' tests too.
compile_bytecode() {
  # Ignore a file that does not compile: its import reports it.
  .venv/bin/python -m compileall -q -j 0 -x '/tests?/' "$@" >>"$LOG" 2>&1 </dev/null || true
}

# The lock is complete, so pip resolves nothing. Wheels only, so no compiler is needed.
install_locked() {
  local file=$1 key
  key=$(checksum "$file")
  if is_done "$file" "$key"; then
    say packages "$file: unchanged"
    return
  fi
  say packages "$file: installing, this takes a minute"
  pip_install "installing $file" --require-hashes --no-deps --only-binary :all: --no-compile \
    -r "$file"
  compile_bytecode .venv/lib
  mark_done "$file" "$key"
}

# Editable, so that scripts, workers and child processes can import the packages from any folder.
install_project() {
  local key
  key=$(checksum pyproject.toml)
  if ! is_done project "$key"; then
    pip_install "installing the project" --no-deps --no-build-isolation --editable .
    mark_done project "$key"
  fi
  compile_bytecode flows tasks quantgod
  say project "flows, tasks, quantgod"
}

# --- final checks ----------------------------------------------------------------------------

report_rclone() {
  local version
  version=$(.venv/bin/rclone version 2>>"$LOG" </dev/null) ||
    die "rclone does not run on this system; see $LOG"
  version=${version%%$'\n'*}
  if [ -e /dev/fuse ] && command -v fusermount3 >/dev/null; then
    say rclone "${version#rclone }; FUSE found: mounts work"
  else
    say rclone "${version#rclone }; no FUSE: mounts do not work"
  fi
}

# Compiled code is stored next to the sources, for one processor model. The folder may move to
# another one.
compile_kernels() {
  local key processor
  processor=$(grep -m 1 '^model name' /proc/cpuinfo || uname -m)
  key=$({ find quantgod/orderbook quantgod/synthetic -name '*.py' | sort | xargs sha256sum requirements.txt &&
    echo "$processor"; } | sha256sum)
  if is_done kernels "$key" && compgen -G "quantgod/__pycache__/kernels-*" >/dev/null; then
    say kernels "unchanged"
    return
  fi
  say kernels "compiling, this takes half a minute"
  quietly "compiling the kernels" .venv/bin/python -m quantgod.compile_kernels
  mark_done kernels "$key"
}

check_imports() {
  local key
  key=$(checksum requirements.txt pyproject.toml)
  if ! is_done check "$key"; then
    quietly "the self-check" .venv/bin/python -c '
import isal, joblib, numba, numpy, orjson, pandas, prefect.server.api.server, pyarrow.parquet
import pydantic, rich, sklearn.preprocessing, yaml
import flows, quantgod, tasks'
    mark_done check "$key"
  fi
  say check "all imports work"
}

dev=no
bench=no
for argument in "$@"; do
  case $argument in
    --dev) dev=yes ;;
    --bench) bench=yes ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && die "unknown argument: $argument" ;;
  esac
done

{ mkdir -p data/L2/pre_processed data/L2/labelled data/artifacts logs && : >>"$LOG"; } ||
  die "cannot write to $PWD; run this as its owner, or clone into a folder that you own"
exec 9>>"$LOG" # inherited by every child, so that no other set-up runs meanwhile
flock --nonblock 9 || { say waiting "another set-up is running in this folder" && flock 9; }
: >"$LOG"
install_system_packages
make_venv
install_locked requirements.txt
if [ "$dev" = yes ]; then
  install_locked requirements-dev.txt
fi
if [ "$bench" = yes ]; then
  install_locked requirements-bench.txt
fi
install_project
report_rclone
check_imports
compile_kernels

if [ "$dev" = yes ]; then
  say next ".venv/bin/pytest"
else
  say next ".venv/bin/python flows/l2_flow.py --config configs/local.yaml"
fi

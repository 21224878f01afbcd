# Sourced by the other scripts: finds out which Debian packages are missing, and
# installs them. A second run only asks dpkg and needs no network.
# shellcheck shell=bash disable=SC2034

# Names differ between releases where they carry a version; everything else is
# called the same on Debian 12 and 13, Ubuntu 22.04 and 24.04.
build_packages=(
  build-essential cmake ninja-build pkg-config ccache
  libboost-dev libcurl4-openssl-dev libcxxopts-dev libhwloc-dev libsodium-dev libspdlog-dev
  libsqlite3-dev libssl-dev libtomlplusplus-dev nlohmann-json3-dev zlib1g-dev
  ocl-icd-opencl-dev opencl-headers prometheus-cpp-dev
)
test_packages=(
  clang clang-format clang-tidy libbenchmark-dev libgtest-dev pocl-opencl-icd shellcheck
)

die() {
  echo "error: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    echo "sudo $*" >&2
    sudo "$@"
  else
    die "this needs root: run as root, or install sudo, or run yourself: $*"
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# require_packages NAME...: installs those that are missing.
require_packages() {
  command -v dpkg-query >/dev/null ||
    die "this script installs packages with apt, and this system has none.
       Install the counterparts of: $*
       then: cmake --preset release && cmake --build --preset release && build/release/quarry demo"
  local missing=() name
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "apt-get is missing; install yourself: ${missing[*]}"
  echo "installing: ${missing[*]}"
  # Another apt may be at work, as on a machine just started: wait for its lock.
  local apt=(apt-get -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update || die "apt-get update failed; is there a network?"
  as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends \
    "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# A runtime of JavaScript, for the tests against SignumJS. One that is there already
# is taken: packages of other makers exclude Debian's.
require_node() {
  if ! { command -v node && command -v npm; } >/dev/null; then
    require_packages nodejs npm
  fi
}

# require_signumjs: into build/signumjs, the versions that tests/e2e/signumjs locks.
# Without a network those tests are skipped.
require_signumjs() {
  local source=tests/e2e/signumjs target=build/signumjs
  cmp -s $source/package-lock.json $target/installed && return
  mkdir -p $target
  rm -f $target/installed
  cp $source/package.json $source/package-lock.json $target
  if (cd $target && npm ci --ignore-scripts --no-audit --no-fund); then
    cp $source/package-lock.json $target/installed
  else
    rm -rf $target/node_modules
    echo "warning: npm could not install SignumJS; the tests against it are skipped" >&2
  fi
}

# Compilers and CMake that are too old get a word here, and not an error deep
# in a build.
require_tools() {
  local cmake_version
  cmake_version=$(cmake --version | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')
  if [ "$(printf '%s\n' 3.25 "$cmake_version" | sort -V | head -n1)" != 3.25 ]; then
    die "CMake 3.25 or newer is needed, this is $cmake_version (Ubuntu 22.04 has 3.22).
       A newer one comes from https://apt.kitware.com, or: sudo snap install cmake --classic"
  fi
  # Ubuntu 22.04's g++ is 11; it has g++-12 beside it.
  if [ -z "${CXX:-}" ] && [ "$(g++ -dumpversion | cut -d. -f1)" -lt 12 ]; then
    require_packages g++-12
    export CXX=g++-12 CC=gcc-12
  fi
}

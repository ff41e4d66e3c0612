#!/bin/bash
# Starts Ray on this machine: `node.sh head` also starts the platform on it, `node.sh worker` joins $RAY_HEAD_IP.
#
# Ray reads its settings when its processes start, so they are set here, on every machine, before `ray start`.
# NOODLE_PORT (8000) and NOODLE_HOST (0.0.0.0) say where the head serves; RAY_PORT (6379) is Ray's own.
set -euo pipefail

role=${1:-}
[[ $role == head || $role == worker ]] || { echo "usage: $0 head|worker" >&2; exit 2; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$root/.venv/bin:$PATH"
export NOODLE_HOME="${NOODLE_HOME:-$HOME/.noodle}"
mkdir -p "$NOODLE_HOME" && chmod 700 "$NOODLE_HOME"

# Sockets need a short path (HAProxy allows 97 bytes, Serve adds 74), and only this user may enter.
previous=$(readlink "$NOODLE_HOME/node" || true)
[[ $previous == /tmp/noodle-???????? ]] && rm -rf "$previous"
run_dir=$(mktemp -d /tmp/noodle-XXXXXXXX)
ln -sfn "$run_dir" "$NOODLE_HOME/node"

# The secret that `ray up` brought is the one that Noodle uses; without one, the head makes it.
if [[ -f $HOME/.ray/auth_token && ! -f $NOODLE_HOME/ray_token ]]; then
  install -m 600 "$HOME/.ray/auth_token" "$NOODLE_HOME/ray_token"
fi
eval "$(python "$root/cluster/environment.py" "$NOODLE_HOME" "$run_dir")"
ulimit -n 65536 2>/dev/null || true

ray stop >/dev/null 2>&1 || true
if [[ $role == worker ]]; then
  exec ray start --address="${RAY_HEAD_IP:?}:${RAY_PORT:-6379}"
fi
autoscaling=()
[[ -f $HOME/ray_bootstrap_config.yaml ]] && autoscaling=(--autoscaling-config="$HOME/ray_bootstrap_config.yaml")
ray start --head --port="${RAY_PORT:-6379}" --dashboard-host=127.0.0.1 "${autoscaling[@]}"
exec python "$root/cluster/serve.py" --port "${NOODLE_PORT:-8000}" --host "${NOODLE_HOST:-0.0.0.0}"

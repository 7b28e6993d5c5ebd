#!/bin/sh
# Make the lock files afresh from pyproject.toml (with the uv that set-up installs). torch is locked in torch.txt by hand.
set -eu
cd "$(dirname "$0")/.."
override=$(mktemp)
echo "torch ; python_version < '0'" > "$override"
for target in run test; do
  extras="--extra worker"
  [ "$target" = test ] && extras="$extras --extra dev --extra mcp"
  # shellcheck disable=SC2086
  .venv/bin/uv pip compile pyproject.toml $extras --universal --python-version 3.11 \
    --override "$override" --no-header --no-annotate --quiet -o "requirements/$target.txt"
done
rm -f "$override"

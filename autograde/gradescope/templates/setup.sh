#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail
source="${GRADESCOPE_ROOT:-/autograder}/source"

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap ca-certificates libseccomp2 python3-venv

# Students' processes are not root's: Python lies where everybody may read it.
export UV_PYTHON_INSTALL_DIR=/opt/python UV_LINK_MODE=copy
python3 -m venv /opt/uv
/opt/uv/bin/pip install --quiet uv
/opt/uv/bin/uv venv --python 3.12 /opt/autograder
/opt/uv/bin/uv pip install --python /opt/autograder/bin/python --torch-backend cpu \
    --requirement "$source/requirements.txt" --constraint "$source/constraints.txt"

chmod 700 "$source"  # checks and answers: for the grader alone

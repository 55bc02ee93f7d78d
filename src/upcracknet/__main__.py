"""``python -m upcracknet``, which launchers such as torchrun can start."""

from upcracknet.cli.main import main

main()

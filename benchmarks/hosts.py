"""Three hosts on one machine: one killed, one cut off; photos in S3; training on two. All byte for byte?

    python benchmarks/hosts.py           # all parts, ten minutes; writes docs/results/many-machines.*
    python benchmarks/hosts.py ray s3    # some parts (ray, torchrun, s3)

Needs root on Linux: the hosts are namespaces (benchmarks/namespaces.py), with a disk that they share.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import torch
from cluster import ENVIRONMENT, PORT, detect, disturb, finish, start_ray, wait_until
from machine import processor
from namespaces import Host, Switch, connected_hosts

from upcracknet.data.synthetic import synthesize_road
from upcracknet.results import read_results
from upcracknet.results.log import LOG
from upcracknet.tables import markdown_table
from upcracknet.weights import load_weights

RESULTS = Path(__file__).parent.parent / "docs" / "results"
NAMES = ("first", "second", "third")
PHOTOS = 72
SIZE = (384, 544)
S3_PORT = 9000
S3 = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
SERVE_S3 = """
import signal, sys
from pathlib import Path
import s3fs
from moto.server import ThreadedMotoServer
address, folder = sys.argv[1], Path(sys.argv[2])
server = ThreadedMotoServer(ip_address=address, port=9000, verbose=False)
server.start()
system = s3fs.S3FileSystem(endpoint_url=f"http://{address}:9000")
system.mkdir("roads")
for path in sorted(folder.rglob("*.png")):
    system.pipe_file(f"roads/{path.relative_to(folder)}", path.read_bytes())
Path(sys.argv[3]).touch()
signal.pause()
"""
TRAINING = (
    *(
        "data.size=64",
        "data.window_sizes=[48, 64]",
        "data.validation_share=0.34",
        "data.patches_per_epoch=24",
    ),
    *("networks.generator_filters=4", "networks.generator_depth=5", "networks.discriminator_filters=4"),
    *("batch_size=2", "epochs=3", "workers=0", "precision=32", "--device", "cpu"),
)


def write_photos(folder: Path, number: int, size: tuple[int, int]) -> Path:
    for place in range(number):
        path = folder / f"day-{place % 3}" / f"{place:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), synthesize_road(place, *size).photo[..., ::-1])
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """All files of a result folder but the lock and the log."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    left_out = (".upcracknet", LOG)
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(left_out)}


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def from_anywhere(folder: Path) -> dict[str, bytes]:
    """Files of a result folder without where the photos lie, which records and the table of photos say."""
    found = {name: content for name, content in files(folder).items() if not name.startswith("photos.")}
    for record in read_results(folder).records():
        bare = asdict(record) | {"photo": "", "photo_relative": None, "stamp": ""}
        found[f"records/{record.name}.json"] = json.dumps(bare).encode()
    return found


def options(photos: str, out: Path, model: str) -> list[str]:
    return [photos, "-o", str(out), "--model", model, "--runtime", "torch"]


def by_hosts(switch: Switch) -> list[str]:
    return [
        "--engine",
        "ray",
        "--workers",
        str(len(switch.hosts)),
        "--address",
        f"{switch.hosts[0].address}:{PORT}",
    ]


def alone(switch: Switch, folder: Path, photos: Path, model: str) -> dict[str, bytes]:
    """What one process on one host leaves, to which nothing happens."""
    out, log = folder / "alone", folder / "alone.log"
    if not out.exists():
        finish(detect(switch.hosts[0], options(str(photos), out, model), log, {}), log)
    return files(out)


def by_ray(
    folder: Path, photos: Path, model: str = "default", names: tuple[str, ...] = NAMES
) -> dict[str, Any]:
    """Hosts, of which the last is cut off, and those between it and the first are killed."""
    out, log = folder / "ray", folder / "ray.log"
    number = len([*photos.rglob("*.png")])
    with connected_hosts(*names) as switch:
        expected = alone(switch, folder, photos, model)
        start_ray(switch, folder, 1)
        run = detect(switch.hosts[0], options(str(photos), out, model) + by_hosts(switch), log, {})
        course = disturb(switch, out, run, number)
        finish(run, log)
        found = files(out)
    return {"photos": number} | course | {"files": len(found), "different": different(expected, found)}


def from_s3(folder: Path, photos: Path, model: str = "default") -> dict[str, Any]:
    """Three hosts that read from a fourth one."""
    out, log, ready = folder / "s3", folder / "s3.log", folder / "s3.ready"
    with connected_hosts(*NAMES, "store") as switch:
        alone(switch, folder, photos, model)
        store = switch.hosts.pop()
        access = S3 | {"AWS_ENDPOINT_URL": f"http://{store.address}:{S3_PORT}"}
        words = [sys.executable, "-c", SERVE_S3, store.address, str(photos), str(ready)]
        server = store.start(words, folder / "store.log", ENVIRONMENT | S3)
        wait_until(ready.exists, "photos in S3", server)
        start_ray(switch, folder, 1, access)
        run = detect(switch.hosts[0], options("s3://roads", out, model) + by_hosts(switch), log, access)
        finish(run, log)
        expected, found = from_anywhere(folder / "alone"), from_anywhere(out)
    return {
        "photos": len([*photos.rglob("*.png")]),
        "files": len(found),
        "different": different(expected, found),
    }


def trained(folder: Path) -> dict[str, Any]:
    """What training left: all tensors, and what was measured, but for its speed."""
    tensors, _ = load_weights(folder / "generator.safetensors")
    state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    measured = re.sub(r'"(seconds|images_per_second)": [\d.]+', "", (folder / "metrics.jsonl").read_text())
    return {"metrics": measured} | {
        f"{kind} {name}": value.numpy().tobytes()
        for kind, values in (("weights", tensors), ("checkpoint", state))
        for name, value in values.items()
    }


def by_torchrun(folder: Path, photos: Path) -> dict[str, Any]:
    """Training by two hosts, against two processes of one."""
    rendezvous = ("--rdzv-backend", "c10d", "--rdzv-endpoint")
    torchrun = [sys.executable, "-m", "torch.distributed.run"]
    train = ["-m", "upcracknet", "train", *TRAINING, "--photos", str(photos)]

    def start(host: Host, cores: str, place: list[str], shared: list[str]) -> Callable[[], None]:
        log = folder / f"train-{host.name}.log"
        words = [
            "taskset",
            "--cpu-list",
            cores,
            *torchrun,
            *place,
            "--local-addr",
            host.address,
            *train,
            *shared,
        ]
        program = host.start(words, log, ENVIRONMENT | {"GLOO_SOCKET_IFNAME": "eth0"})
        return lambda: finish(program, log)

    with connected_hosts(*NAMES[:2]) as switch:
        meeting = [*rendezvous, f"{switch.hosts[0].address}:29500"]
        one, two = folder / "one-host", folder / "two-hosts"
        start(
            switch.hosts[0], "0,1", ["--nproc-per-node", "2", *meeting], ["--devices", "2", "-o", str(one)]
        )()
        place = ["--nnodes", "2", "--nproc-per-node", "1", *meeting]
        shared = ["--nodes", "2", "-o", str(two)]
        ends = [start(host, str(core), place, shared) for core, host in enumerate(switch.hosts)]
        for end in ends:
            end()
    expected, found = trained(one), trained(two)
    return {
        "processes": json.loads((two / "run.json").read_text())["devices"],
        "tensors": len(found) - 1,
        "different": sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        ),
    }


def compared(what: str, found: dict[str, Any], kind: str) -> tuple[str, str]:
    """A row: how many were compared, and how many differ."""
    return what, f"{found[kind]}; {len(found['different'])}"


def page(result: dict[str, Any]) -> str:
    rows = []
    if "ray" in result:
        ray = result["ray"]
        rows += [
            ("photos, given to three hosts by Ray", ray["photos"]),
            ("records when the second host was killed", ray["records_when_killed"]),
            ("records when the third host was cut off and fell asleep", ray["records_when_cut_off"]),
            (
                "records when it woke; workers that woke with it",
                f"{ray['records_when_woken']}; {ray['workers_that_woke']}",
            ),
            compared("files of the results; different from those of one process", ray, "files"),
        ]
    if "s3" in result:
        s3 = result["s3"]
        rows += [
            ("photos in S3 on a fourth host, given to three", s3["photos"]),
            compared("files of the results; different from those read from a disk", s3, "files"),
        ]
    if "torchrun" in result:
        run = result["torchrun"]
        rows += [
            ("processes that train, on a host each, by torchrun", run["processes"]),
            compared("tensors of weights and checkpoint; different from those of one host", run, "tensors"),
        ]
    table = markdown_table(("what", "measured"), [(name, str(value)) for name, value in rows])
    return f"""# Several machines, tried on one

```sh
python benchmarks/hosts.py    # as root on Linux; ten minutes
```

Hosts are namespaces of one machine ({result["machine"]}; {result["versions"]}): each has its
own network card, address, name, processes, memory shared between processes, and files of Ray. They share a
disk and the processor.

{table}

- **Killed.** All processes of the host end at once, as if its current were cut; nobody says goodbye.
- **Cut off.** The cable of the host is pulled and its processes are stopped where they are. Its photos are
  given to another host. Once every photo has its record the host wakes: its workers go on for three seconds
  without a network, with photos that others have done. Then the cable is plugged in again.
- **Results.** `detect` with the default model and `--runtime torch`, one thread a worker, synthetic roads of
  {result["size"][1]}×{result["size"][0]} pixels. All files are compared, byte for byte, tables and records
  too, but for the lock and the log, which has times of day. Of photos in S3 the records are compared without
  address and stamp of the photo, and without `photos.csv` and `photos.parquet`, which have the address.
- **Training.** A small UP-CrackNet for three epochs, on the processor (gloo), against two processes of one
  host. All tensors of the weights and of the last checkpoint are compared, bit for bit, and `metrics.jsonl`
  but for its speed. Each process has one core: with another number of threads the last digits differ, from
  the first epoch on.

Ray gives up a silent host after five seconds here; its usual setting takes longer. What was not tried: a disk
behind a network, machines of different processors, whose arithmetic may differ in the last digit, and cards.
What a thousand machines would need: [many machines](../many-machines.md).
"""


def main() -> None:
    kept = RESULTS / "many-machines.json"
    result: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    result["machine"] = f"{len(os.sched_getaffinity(0))} cores, {processor()}"
    result["versions"] = f"torch {version('torch')}, ray {version('ray')}"
    result["size"] = SIZE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = write_photos(folder / "photos", PHOTOS, SIZE)
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "ray": lambda: by_ray(folder, photos),
            "s3": lambda: from_s3(folder, photos),
            "torchrun": lambda: by_torchrun(folder, photos / "day-0"),
        }
        for part in sys.argv[1:] or parts:
            print(f"{part} …", file=sys.stderr, flush=True)
            result[part] = parts[part]()
            print(json.dumps(result[part], indent=1), flush=True)
            kept.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    (RESULTS / "many-machines.md").write_text(page(result), "utf-8")
    sys.exit(any(result[part]["different"] for part in parts if part in result))


if __name__ == "__main__":
    main()

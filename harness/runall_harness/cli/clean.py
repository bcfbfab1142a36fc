"""`runall clean`: removes what is left of runs whose harness died.

A run removes everything that it made, also when it fails or is interrupted. A harness that was
killed with SIGKILL cannot, so this looks for processes, containers, networks and folders whose
owner is dead. What belongs to a run that is going on is left alone.
"""

import click

from .options import format_option
from .output import print_json


@click.command(short_help="Remove what runs that died have left behind.")
@click.option("--images", is_flag=True, help="Remove the kit's container images too.")
@format_option
def clean(images: bool, form: str) -> None:
    """Remove processes, containers, networks and folders of runs that died.

    Runs that are going on are left alone. Without a container engine only processes are looked
    for, and that is said.
    """
    from runall_harness.contract.errors import KitCannotRun
    from runall_harness.rigs.docker import clean_containers, clean_images
    from runall_harness.rigs.processes.run_records import clean_processes

    done, trouble = clean_processes(), ""
    try:
        done += clean_containers()
        done += clean_images() if images else []
    except KitCannotRun as error:
        trouble = str(error)
    if form == "json":
        print_json({"done": done, "engine": trouble or "answers"})
        return
    for line in done or ["nothing was left behind"]:
        click.echo(line)
    if trouble:
        click.echo(f"containers were not looked for: {trouble}", err=True)

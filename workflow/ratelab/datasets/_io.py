"""Read and write NetCDF so that nothing half-written ever stands under a final name."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ratelab._errors import UserError

if TYPE_CHECKING:
    import xarray as xr


def write(dataset: "xr.Dataset", path: str | Path) -> None:
    """Write a dataset atomically: to a temporary file beside `path`, then renamed.

    Raises
    ------
    UserError
        If the folder cannot be written or the disk is full; an earlier file of that name stays as it was.
    """
    path = Path(path)
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4")
        with Path(temporary).open("rb") as stream:
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
        temporary = None
    except (OSError, RuntimeError) as error:  # the NetCDF library reports a full disk as RuntimeError
        raise UserError(f"cannot write {path}: {error}; earlier results are untouched") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def read(
    path: str | Path, advice: str = "if the workflow made it, delete it and run the same command again"
) -> "xr.Dataset":
    """Read a whole dataset into memory.

    Parameters
    ----------
    path
        The file.
    advice
        What a user can do if it cannot be read.

    Raises
    ------
    UserError
        If the file is missing, truncated or not NetCDF.
    """
    import xarray as xr

    path = Path(path)
    if not path.exists():
        raise UserError(f"{path} does not exist")
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as dataset:
            return dataset.load().drop_encoding()  # the width of stored texts must not cut longer ones
    except (OSError, RuntimeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is truncated or no NetCDF file ({error}); {advice}") from error

"""Fields from files: npz, PDEBench's and The Well's HDF5; what a file holds is said before it is used."""

from simplatform.envs.fields.files.reading import read_fields
from simplatform.envs.fields.files.recording import FieldRecording

__all__ = ["FieldRecording", "read_fields"]

"""Grade with a scheduler of Dask's: on other machines, or on all cores of this one."""

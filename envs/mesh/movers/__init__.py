"""Classical movers: numerics on (mesh, monitor). As experts they demonstrate; as policies they are compared."""

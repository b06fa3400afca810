"""Parts below the public interface that programs are known to reach for."""

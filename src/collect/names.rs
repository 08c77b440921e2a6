//! What the name of a pod says about its controller, for pods that are gone.

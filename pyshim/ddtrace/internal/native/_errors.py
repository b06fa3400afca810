"""What can go wrong with an agent, as errors that writers raise."""


class AgentError(Exception):
    """The agent's answer says nothing."""


class BuilderError(Exception):
    """What a connection was to be made from does not fit."""


class DeserializationError(Exception):
    """An answer cannot be read."""


class SerializationError(Exception):
    """A payload cannot be written."""


class InternalError(Exception):
    """A fault of the tracer itself."""


class IoError(Exception):
    """The agent took too long."""


class NetworkError(Exception):
    """There is no connection to the agent."""


class RequestError(Exception):
    """The agent refuses a request."""


class HttpClientError(Exception):
    """A request could not be made."""


class ConnectionFailedError(HttpClientError):
    """Nobody answers there."""


class HttpIoError(HttpClientError):
    """The connection broke."""


class InvalidConfigError(HttpClientError):
    """The address or an option does not fit."""


class RequestFailedError(HttpClientError):
    """The answer is a refusal."""


class TimedOutError(HttpClientError):
    """The answer did not come in time."""

"""Which function of a cloud this process is."""

from __future__ import annotations

from os import path

from ddtrace.internal.settings.env import env


def in_aws_lambda() -> bool:
    """Of AWS Lambda."""
    return bool(env.get("AWS_LAMBDA_FUNCTION_NAME"))


def has_aws_lambda_agent_extension() -> bool:
    """Whether the agent is there as an extension of AWS Lambda."""
    return path.exists("/opt/extensions/datadog-agent")


def in_gcp_function() -> bool:
    """Of Google Cloud."""
    older = env.get("FUNCTION_NAME") and env.get("GCP_PROJECT")
    return bool(older or (env.get("K_SERVICE") and env.get("FUNCTION_TARGET")))


def in_azure_function() -> bool:
    """Of Azure."""
    return bool(
        env.get("FUNCTIONS_WORKER_RUNTIME") and env.get("FUNCTIONS_EXTENSION_VERSION")
    )

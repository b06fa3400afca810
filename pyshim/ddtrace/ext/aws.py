"""Tags of AWS requests."""

AWSREGION = "aws.region"
REGION = "region"
PARTITION = "aws.partition"
AGENT = "aws.agent"
OPERATION = "aws.operation"


def get_aws_partition(region_name: str) -> str:
    """The partition a region is in."""
    if region_name.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region_name.startswith("us-gov-") else "aws"


def truncate_arg_value(value: object, max_len: int = 1024) -> object:
    """Long bytes as three dots; all else as it is."""
    return b"..." if isinstance(value, bytes) and len(value) > max_len else value

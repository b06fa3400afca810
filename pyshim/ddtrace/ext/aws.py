"""Tags of AWS requests."""

AWSREGION = "aws.region"
REGION = "region"
PARTITION = "aws.partition"
AGENT = "aws.agent"
OPERATION = "aws.operation"

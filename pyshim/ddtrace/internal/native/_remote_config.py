"""The products and capabilities of remote configuration."""

import enum


class _Named:
    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def __repr__(self) -> str:
        return f"RemoteConfigProduct.{self._name}"

    def __str__(self) -> str:
        return self._text


class RemoteConfigProduct(_Named):
    """A product, whose text is its name in the protocol."""

    AgentConfig: "RemoteConfigProduct"
    AgentTask: "RemoteConfigProduct"
    ApmTracing: "RemoteConfigProduct"
    Asm: "RemoteConfigProduct"
    AsmData: "RemoteConfigProduct"
    AsmDd: "RemoteConfigProduct"
    AsmFeatures: "RemoteConfigProduct"
    Debug: "RemoteConfigProduct"
    FfeFlags: "RemoteConfigProduct"
    LiveDebugging: "RemoteConfigProduct"
    LiveDebuggingSymbolDb: "RemoteConfigProduct"


for _name, _text in {
    "AgentConfig": "AGENT_CONFIG",
    "AgentTask": "AGENT_TASK",
    "ApmTracing": "APM_TRACING",
    "Asm": "ASM",
    "AsmData": "ASM_DATA",
    "AsmDd": "ASM_DD",
    "AsmFeatures": "ASM_FEATURES",
    "Debug": "DEBUG",
    "FfeFlags": "FFE_FLAGS",
    "LiveDebugging": "LIVE_DEBUGGING",
    "LiveDebuggingSymbolDb": "LIVE_DEBUGGING_SYMBOL_DB",
}.items():
    setattr(RemoteConfigProduct, _name, RemoteConfigProduct(_name, _text))


class RemoteConfigCapabilities(enum.IntEnum):
    """What a client can do: the number of its bit."""

    AsmActivation = 1
    AsmIpBlocking = 2
    AsmDdRules = 3
    AsmExclusions = 4
    AsmRequestBlocking = 5
    AsmResponseBlocking = 6
    AsmUserBlocking = 7
    AsmCustomRules = 8
    AsmCustomBlockingResponse = 9
    AsmTrustedIps = 10
    AsmApiSecuritySampleRate = 11
    ApmTracingSampleRate = 12
    ApmTracingLogsInjection = 13
    ApmTracingHttpHeaderTags = 14
    ApmTracingCustomTags = 15
    AsmProcessorOverrides = 16
    AsmCustomDataScanners = 17
    AsmExclusionData = 18
    ApmTracingEnabled = 19
    ApmTracingDataStreamsEnabled = 20
    AsmRaspSqli = 21
    AsmRaspLfi = 22
    AsmRaspSsrf = 23
    AsmRaspShi = 24
    AsmRaspXxe = 25
    AsmRaspRce = 26
    AsmRaspNosqli = 27
    AsmRaspXss = 28
    ApmTracingSampleRules = 29
    CsmActivation = 30
    AsmAutoUserInstrumMode = 31
    AsmEndpointFingerprint = 32
    AsmSessionFingerprint = 33
    AsmNetworkFingerprint = 34
    AsmHeaderFingerprint = 35
    AsmTruncationRules = 36
    AsmRaspCmdi = 37
    ApmTracingEnableDynamicInstrumentation = 38
    ApmTracingEnableExceptionReplay = 39
    ApmTracingEnableCodeOrigin = 40
    ApmTracingEnableLiveDebugging = 41
    AsmDdMulticonfig = 42
    AsmTraceTaggingRules = 43
    AsmExtendedDataCollection = 44
    ApmTracingMulticonfig = 45
    FfeFlagConfigurationRules = 46
    DdDataStreamsTransactionExtractors = 47
    LlmObsActivation = 48
    AsmRawResponseBody = 49


__all__ = ["RemoteConfigCapabilities", "RemoteConfigProduct"]

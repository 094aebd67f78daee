namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>The stable codes of <see cref="SdlError.Rule"/>.</summary>
public static class SdlRules
{
    // The text itself.
    public const string TooLarge = "sdl.too_large";
    public const string TooManyNodes = "sdl.too_many_nodes";
    public const string TooDeep = "sdl.too_deep";
    public const string NotUtf8 = "sdl.not_utf8";
    public const string ControlCharacter = "sdl.control_character";
    public const string YamlSyntax = "sdl.yaml_syntax";
    public const string OneDocument = "sdl.one_document";
    public const string DuplicateKey = "sdl.duplicate_key";
    public const string UnsupportedTag = "sdl.unsupported_tag";
    public const string UnknownAlias = "sdl.unknown_alias";
    public const string AliasCycle = "sdl.alias_cycle";
    public const string ComplexKey = "sdl.complex_key";
    public const string BadMerge = "sdl.bad_merge";

    // The shape.
    public const string UnexpectedField = "sdl.unexpected_field";
    public const string Required = "sdl.required";
    public const string WrongType = "sdl.wrong_type";
    public const string NotAllowed = "sdl.not_allowed";
    public const string BadFormat = "sdl.bad_format";
    public const string OutOfRange = "sdl.out_of_range";
    public const string NumberTooLarge = "sdl.number_too_large";
    public const string TooShort = "sdl.too_short";

    // What belongs together.
    public const string ServiceNotDeployed = "sdl.service_not_deployed";
    public const string UnknownService = "sdl.unknown_service";
    public const string UnknownPlacement = "sdl.unknown_placement";
    public const string UnknownProfile = "sdl.unknown_profile";
    public const string MissingPricing = "sdl.missing_pricing";
    public const string UnknownVolume = "sdl.unknown_volume";
    public const string MountInUse = "sdl.mount_in_use";
    public const string MountRequired = "sdl.mount_required";
    public const string RamNotPersistent = "sdl.ram_not_persistent";
    public const string GpuAttributes = "sdl.gpu_attributes";
    public const string TeeNeedsGpu = "sdl.tee_needs_gpu";
    public const string TeeConflict = "sdl.tee_conflict";
    public const string IpNeedsGlobal = "sdl.ip_needs_global";
    public const string UnknownEndpoint = "sdl.unknown_endpoint";
    public const string EndpointUnused = "sdl.endpoint_unused";
    public const string IpPortInUse = "sdl.ip_port_in_use";
    public const string NextCases = "sdl.next_cases";
}

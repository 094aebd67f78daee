#!/bin/sh
# Builds the images of ../../../Dockerfile as they stand, on stand-in base images that need no registry of images: Debian by mmdebstrap, .NET from this machine.
# The stand-ins are not the published bases (other libc, other packages); what they show is that the Dockerfile builds and that the images run.
#   build.sh [runtime]        Orleans, Local or nothing (automatic)
# Tags localhost/depin/{silo,gateway,standalone,agent}:test. Needs root, buildah and mmdebstrap.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
# Where the SDK lies, as it says itself: the command found first may be somebody's wrapper.
dotnet=$(dirname "$(dotnet --list-sdks | sed -n 's/.*\[\(.*\)\]$/\1/p' | tail -n 1)")
export BUILDAH_ISOLATION=chroot
certificates=""
for folder in /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates; do
  [ -d "$folder" ] && certificates="$certificates -v $folder:$folder:ro"
done

if ! buildah inspect localhost/depin/standin-runtime:1 >/dev/null 2>&1; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  sources=/etc/apt/sources.list.d/debian.sources
  [ -f "$sources" ] || sources=/etc/apt/sources.list
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap -q --variant=essential --include=ca-certificates,libssl3,zlib1g,libstdc++6 "$suite" "$scratch/rootfs.tar" "$sources"
  mkdir "$scratch/dotnet" "$scratch/dotnet/shared"
  cp -a "$dotnet/dotnet" "$dotnet/host" "$scratch/dotnet/"
  cp -a "$dotnet/shared/Microsoft.NETCore.App" "$dotnet/shared/Microsoft.AspNetCore.App" "$scratch/dotnet/shared/"
  buildah bud -q --network host -f "$here/standin.Containerfile" --target runtime -t localhost/depin/standin-runtime:1 "$scratch"
  buildah bud -q --network host -f "$here/standin.Containerfile" --target sdk -t localhost/depin/standin-sdk:1 "$scratch"
fi

# The SDK, this machine's NuGet sources and the packages it has already are shown to the build instead of copied. Packages are read through an overlay: the build cannot change them.
nuget=""
[ -d "$HOME/.nuget/NuGet" ] && nuget="-v $HOME/.nuget/NuGet:/root/.nuget/NuGet:ro"
[ -d "$HOME/.nuget/packages" ] && nuget="$nuget -v $HOME/.nuget/packages:/root/.nuget/packages:O"
for target in silo gateway standalone agent; do
  # shellcheck disable=SC2086 # lists of options
  buildah bud --layers --pull-never --network host -v "$dotnet:/usr/share/dotnet:ro" $certificates $nuget \
    --build-arg SDK_IMAGE=localhost/depin/standin-sdk:1 --build-arg RUNTIME_IMAGE=localhost/depin/standin-runtime:1 --build-arg "GRAIN_RUNTIME=${1:-}" \
    --target "$target" -t "localhost/depin/$target:test" "$repository"
done

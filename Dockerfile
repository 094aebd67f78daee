# Four images from one build: silo, gateway, standalone, agent.
#   podman build --target gateway -t depin/gateway .
# GRAIN_RUNTIME: Orleans or Local; empty lets the restore choose, as on any machine. Silos and gateways need Orleans.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${SDK_IMAGE} AS restore
ARG GRAIN_RUNTIME=
ENV GrainRuntime=${GRAIN_RUNTIME} \
    MSBUILDDISABLENODEREUSE=1
WORKDIR /source
# Projects and central versions first: while they stay the same, so does this layer with its packages. Versions are exact; a feed that lacks one fails the restore (NU1603 is an error).
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY eng eng/
COPY src/*/*.csproj projects/
RUN for project in projects/*; do name=$(basename "$project" .csproj) && mkdir -p "src/$name" && mv "$project" "src/$name/" || exit 1; done && rmdir projects
# One at a time: only a restore of one project can hand the runtime it has just chosen to itself.
RUN for host in Silo Gateway Standalone Agent Cli; do \
      dotnet restore "src/DepinGrains.$host" --use-current-runtime || exit 1; \
    done

FROM restore AS publish
COPY .editorconfig ./
COPY src src/
# The hosts share their libraries, so one stage compiles them once. `depin` goes along where operators need it: beside the silo for migrations, beside standalone for everything.
RUN publish() { dotnet publish "src/DepinGrains.$1" --no-restore --use-current-runtime --no-self-contained -c Release -p:DebugType=none -p:GenerateDocumentationFile=false -o "/out/$2" || exit 1; } \
 && publish Silo silo && publish Cli silo \
 && publish Gateway gateway \
 && publish Standalone standalone && publish Cli standalone \
 && publish Agent agent \
 && mkdir -p /out/data

FROM ${RUNTIME_IMAGE} AS base
WORKDIR /app
# Nothing is written outside the mounted folders and /tmp: the root file system may be read-only.
ENV ASPNETCORE_HTTP_PORTS= \
    DOTNET_RUNNING_IN_CONTAINER=true \
    PATH=/app:$PATH

FROM base AS silo
COPY --from=publish /out/silo ./
USER $APP_UID
ENTRYPOINT ["dotnet", "DepinGrains.Silo.dll"]

FROM base AS gateway
COPY --from=publish /out/gateway ./
ENV ASPNETCORE_URLS=http://0.0.0.0:8080
EXPOSE 8080
USER $APP_UID
ENTRYPOINT ["dotnet", "DepinGrains.Gateway.dll"]

# Reachable from outside its container, therefore without faucet and native workloads (it would refuse to start with them) and without an agent of its own: agents are the image below.
# With ASPNETCORE_URLS=http://127.0.0.1:5080 both may be switched on again; that is how k8s/overlays/single tries things out.
FROM base AS standalone
COPY --from=publish /out/standalone ./
COPY --from=publish --chown=1654:1654 /out/data /data
ENV ASPNETCORE_URLS=http://0.0.0.0:5080 \
    Standalone__Data=/data \
    Standalone__Agent=false \
    Standalone__Faucet=false \
    Standalone__NativeWorkloads=false \
    DEPIN_KEY=/data/depin-key.pem
EXPOSE 5080
USER $APP_UID
ENTRYPOINT ["dotnet", "DepinGrains.Standalone.dll"]

# Sells what its container may use. There is no container engine inside: machines that run tenants' containers run the agent on the machine itself. Native workloads are off unless
# DEPIN_AGENT__Native__Enabled=true, and without a sandbox (an unprivileged container has none) only built-in and listed programs are accepted.
# The one-time token comes from a file, DEPIN_AGENT__JoinTokenFile, or from DEPIN_AGENT__JoinToken.
FROM base AS agent
COPY --from=publish /out/agent ./
COPY --from=publish --chown=1654:1654 /out/data /data
ENV DEPIN_AGENT__WorkDirectory=/data \
    DEPIN_AGENT__Containers__Enabled=false
USER $APP_UID
ENTRYPOINT ["dotnet", "DepinGrains.Agent.dll"]
CMD ["run"]

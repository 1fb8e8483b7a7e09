# Not run here: no Nix on the machine that this was written on. `nix build '.?dir=packaging'` in a clone builds it.
{
  description = "AWS credentials by directory";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "awsenv";
          version = (pkgs.lib.importTOML ../Cargo.toml).package.version;
          src = ./..;
          cargoLock.lockFile = ../Cargo.lock;
          # There is no git in the sandbox to ask.
          env.AWSENV_COMMIT = self.rev or "";
          nativeBuildInputs = [ pkgs.installShellFiles ];
          # They need three shells, a terminal and a kernel keyring; CI runs them.
          doCheck = false;
          postInstall = ''
            installManPage man/*.1
            installShellCompletion --bash --name awsenv completions/awsenv.bash
            installShellCompletion --zsh completions/_awsenv
            installShellCompletion --fish completions/awsenv.fish
          '';
          meta = {
            description = "AWS credentials by directory: of the right account, gone when you leave";
            license = with pkgs.lib.licenses; [ mit asl20 ];
            mainProgram = "awsenv";
          };
        };
      });
    };
}

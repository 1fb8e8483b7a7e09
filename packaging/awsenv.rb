# Not run here: no Homebrew on the machine that this was written on; `ruby -c` takes it. The Homebrew formula. Who publishes
# writes the version, and the checksum of the crate's file that `cargo package` made, into it.
class Awsenv < Formula
  desc "AWS credentials by directory: of the right account, gone when you leave"
  homepage "https://crates.io/crates/awsenv"
  url "https://static.crates.io/crates/awsenv/awsenv-0.1.0.crate"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    # The file that crates.io serves is a .tar.gz under another name.
    system "tar", "--strip-components", "1", "-xzf", "awsenv-#{version}.crate" if File.exist?("awsenv-#{version}.crate")
    system "cargo", "install", *std_cargo_args
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/awsenv.bash" => "awsenv"
    zsh_completion.install "completions/_awsenv"
    fish_completion.install "completions/awsenv.fish"
  end

  def caveats
    <<~EOS
      One line at the end of your shell's startup file makes it work:
        eval "$(awsenv hook zsh)"         # ~/.zshrc; bash: ~/.bashrc
        awsenv hook fish | source         # ~/.config/fish/config.fish
    EOS
  end

  test do
    (testpath/".aws/config").write <<~EOS
      [profile acme]
      region = eu-west-1
      aws_access_key_id = AKIAIOSFODNN7EXAMPLE
      aws_secret_access_key = example
    EOS
    assert_match version.to_s, shell_output("#{bin}/awsenv --version")
    assert_equal "eu-west-1", shell_output("#{bin}/awsenv exec acme -- printenv AWS_REGION").strip
  end
end

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "agent/snapshot.hpp"

using namespace edge;
using namespace edge::agent;

namespace {

// A folder that looks like the root of a node.
class FakeRoot {
 public:
  FakeRoot() {
    char folder[] = "/tmp/edge-snapshot-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    path_ = folder;
  }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;
  ~FakeRoot() { std::filesystem::remove_all(path_); }

  void put(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file, std::ios::binary) << text;
  }
  void put_folder(const std::string& folder) const {
    std::filesystem::create_directories(path_ / folder);
  }
  const std::filesystem::path& path() const { return path_; }
  nlohmann::json snapshot() const { return take_snapshot(path_, clock_); }

 private:
  std::filesystem::path path_;
  FakeClock clock_;
};

void fill(const FakeRoot& root) {
  root.put("proc/sys/kernel/hostname", "shop-17\n");
  root.put("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  root.put("proc/sys/kernel/version", "#1 SMP Debian 6.1.76-1\n");
  root.put("proc/sys/kernel/arch", "x86_64\n");
  root.put("etc/os-release",
           "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n"
           "VERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nID=debian\n");
  root.put("proc/stat", "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 99\nbtime 1700000000\n");
  root.put("proc/uptime", "3723.45 7000.10\n");
  root.put(
      "proc/cpuinfo",
      "processor\t: 0\nmodel name\t: Celeron(R) J4125\n\nprocessor\t: 1\nmodel name\t: other\n");
  root.put("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n");
  root.put("proc/meminfo",
           "MemTotal:        2048 kB\nMemFree:          100 kB\nMemAvailable:    1024 kB\n"
           "SwapTotal:          0 kB\nSwapFree:           0 kB\n");
  root.put("proc/self/mounts",
           "proc /proc proc rw 0 0\n"
           "/dev/sda1 / ext4 rw 0 0\n"
           "tmpfs /run tmpfs rw 0 0\n"
           "/dev/sdb1 /my\\040disk xfs rw 0 0\n"
           "/dev/sda1 /var/lib/bind ext4 rw 0 0\n"
           "/dev/loop3 /snap/core/1 squashfs ro 0 0\n"
           "overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0\n"
           "nas:/export /srv/nas nfs4 rw 0 0\n");
  root.put_folder("my disk");
  root.put("sys/class/net/lo/address", "00:00:00:00:00:00\n");
  root.put("sys/class/net/lo/ifindex", "1\n");
  root.put("sys/class/net/br7/address", "02:00:00:00:00:07\n");
  root.put("sys/class/net/br7/ifindex", "7\n");
  root.put("sys/class/net/eth0/address", "52:54:00:12:34:56\n");
  root.put("sys/class/net/eth0/ifindex", "2\n");
  root.put("sys/class/net/wg0/address", "\n");
  root.put("sys/class/net/wg0/ifindex", "9\n");
}

std::string reason_for(const nlohmann::json& snapshot, const std::string& key) {
  for (const auto& entry : snapshot["missing"]) {
    if (entry["key"] == key) return entry["reason"];
  }
  return "";
}

std::string name_of_disk(const nlohmann::json& disk) {
  return disk["mount"];
}

}  // namespace

TEST_CASE("a snapshot holds what the files of a node say") {
  const FakeRoot root;
  fill(root);
  const auto snapshot = root.snapshot();
  CHECK(snapshot["apiVersion"] == "edge/v1");
  CHECK(snapshot["kind"] == "Snapshot");
  CHECK(snapshot["taken"] == format_rfc3339(FakeClock().wall()));
  CHECK(snapshot["agent"]["version"] == EDGE_VERSION);
  CHECK(snapshot["host"] ==
        nlohmann::json{
            {"name", "shop-17"},
            {"os", {{"id", "debian"}, {"name", "Debian GNU/Linux"}, {"version", "12"}}},
            {"kernel", {{"release", "6.1.0-18-amd64"}, {"version", "#1 SMP Debian 6.1.76-1"}}},
            {"architecture", "x86_64"},
            {"boot-time", "2023-11-14T22:13:20.000Z"},
            {"uptime-seconds", 3723}});
  CHECK(snapshot["cpu"] == nlohmann::json{{"count", 2},
                                          {"model", "Celeron(R) J4125"},
                                          {"load1", 0.5},
                                          {"load5", 1.25},
                                          {"load15", 2.0}});
  CHECK(snapshot["memory"] == nlohmann::json{{"total-bytes", 2048 * 1024},
                                             {"available-bytes", 1024 * 1024},
                                             {"swap-total-bytes", 0},
                                             {"swap-free-bytes", 0}});
}

TEST_CASE("a snapshot lists real file systems once, and asks no remote one for its size") {
  const FakeRoot root;
  fill(root);
  const auto snapshot = root.snapshot();
  const auto& disks = snapshot["disks"];
  REQUIRE(disks.size() == 3);
  CHECK(name_of_disk(disks[0]) == "/");
  CHECK(disks[0]["device"] == "/dev/sda1");
  CHECK(disks[0]["type"] == "ext4");
  CHECK(disks[0]["total-bytes"].is_number_unsigned());
  CHECK(disks[0]["free-bytes"] <= disks[0]["total-bytes"]);
  CHECK(name_of_disk(disks[1]) == "/my disk");
  CHECK(disks[1].contains("total-bytes"));
  CHECK(name_of_disk(disks[2]) == "/srv/nas");
  CHECK(!disks[2].contains("total-bytes"));
  CHECK(!disks[2].contains("free-bytes"));
  CHECK(reason_for(snapshot, "disks[/srv/nas].total-bytes") ==
        "not asked: a nfs4 file system may hang");
  CHECK(!reason_for(snapshot, "disks[/srv/nas].free-bytes").empty());
}

TEST_CASE("of file systems over each other the one that can be seen is listed") {
  const FakeRoot root;
  root.put("proc/self/mounts",
           "/dev/sda1 /mnt ext4 rw 0 0\n"
           "/dev/sdb1 /mnt xfs rw 0 0\n"
           "/dev/sdc1 /etc/hosts ext4 rw 0 0\n"
           "overlay / overlay rw 0 0\n"
           "/dev/sdc1 /etc ext4 rw 0 0\n"
           "/dev/sdd1 /gone ext4 rw 0 0\n"
           "tmpfs /gone tmpfs rw 0 0\n"
           "sshfs#x /home/x fuse.sshfs rw 0 0\n");
  const auto disks = root.snapshot()["disks"];
  std::vector<std::string> found;
  for (const auto& disk : disks)
    found.push_back(name_of_disk(disk) + " " + std::string(disk["device"]));
  CHECK(found == std::vector<std::string>{"/mnt /dev/sdb1", "/etc /dev/sdc1", "/ overlay",
                                          "/home/x sshfs#x"});
}

TEST_CASE("a snapshot lists interfaces in the kernel's order, without loopback") {
  const FakeRoot root;
  fill(root);
  const auto snapshot = root.snapshot();
  const auto& network = snapshot["network"];
  REQUIRE(network.size() == 3);
  CHECK(network[0] == nlohmann::json{{"name", "eth0"}, {"mac", "52:54:00:12:34:56"}});
  CHECK(network[1]["name"] == "br7");
  CHECK(network[2] == nlohmann::json{{"name", "wg0"}});
  CHECK(reason_for(snapshot, "network[wg0].mac") == "the interface has none");
  CHECK(reason_for(snapshot, "network[eth0].addresses") == "only read on the node itself");
}

TEST_CASE("what cannot be read is absent and listed with a reason, never zero") {
  const FakeRoot root;
  const auto snapshot = root.snapshot();
  for (const std::string key : {"host.name",
                                "host.os.id",
                                "host.os.name",
                                "host.os.version",
                                "host.kernel.release",
                                "host.kernel.version",
                                "host.architecture",
                                "host.boot-time",
                                "host.uptime-seconds",
                                "cpu.count",
                                "cpu.model",
                                "cpu.load1",
                                "cpu.load5",
                                "cpu.load15",
                                "memory.total-bytes",
                                "memory.available-bytes",
                                "memory.swap-total-bytes",
                                "memory.swap-free-bytes",
                                "disks",
                                "network",
                                "systemd.state",
                                "systemd.failed-units"}) {
    CAPTURE(key);
    CHECK(!reason_for(snapshot, key).empty());
  }
  std::set<std::string> keys;
  for (const auto& [key, value] : snapshot.items()) keys.insert(key);
  CHECK(keys == std::set<std::string>{"apiVersion", "kind", "taken", "agent", "missing"});
  CHECK(reason_for(snapshot, "cpu.load1") == "/proc/loadavg: No such file or directory");
}

TEST_CASE("second places are read where the first ones are missing") {
  const FakeRoot root;
  root.put("etc/hostname", "from-etc\n");
  root.put("usr/lib/os-release", "ID='alpine'\nPRETTY_NAME=\"Alp\\\"ine\"\nVERSION=edge\n");
  root.put("proc/cpuinfo", "processor\t: 0\nModel\t\t: Raspberry Pi 4\n");
  const auto snapshot = root.snapshot();
  CHECK(snapshot["host"]["name"] == "from-etc");
  CHECK(snapshot["host"]["os"] ==
        nlohmann::json{{"id", "alpine"}, {"name", "Alp\"ine"}, {"version", "edge"}});
  CHECK(snapshot["cpu"]["model"] == "Raspberry Pi 4");
}

TEST_CASE("files with other content than expected end in missing keys") {
  const FakeRoot root;
  root.put("proc/sys/kernel/hostname", " \n");
  root.put("proc/stat", "cpu 1\nbtime 99999999999999999999\n");
  root.put("proc/uptime", "-4.0\n");
  root.put("proc/loadavg", "nan 0.10 -1\n");
  root.put("proc/meminfo",
           "MemTotal: 18446744073709551615 kB\nMemAvailable: many kB\nSwapTotal: 5\nSwapFree: \n");
  root.put("proc/self/mounts", "\n \n/dev/sda1\n/dev/sda1 relative ext4\n");
  const auto snapshot = root.snapshot();
  for (const std::string key :
       {"host.name", "host.boot-time", "host.uptime-seconds", "cpu.count", "cpu.load1",
        "cpu.load15", "memory.total-bytes", "memory.available-bytes", "memory.swap-total-bytes",
        "memory.swap-free-bytes"}) {
    CAPTURE(key);
    CHECK(!reason_for(snapshot, key).empty());
  }
  CHECK(snapshot["cpu"] == nlohmann::json{{"load5", 0.1}});
  CHECK(!snapshot.contains("memory"));
  CHECK(snapshot["disks"].empty());
}

TEST_CASE("a snapshot of hostile content is printable and bounded") {
  const FakeRoot root;
  const std::string escape = "\x1b]0;owned\x07\xff\xe2\x80\xae";
  root.put("proc/sys/kernel/hostname", escape + std::string(100'000, 'h'));
  root.put("etc/os-release", "ID=\"" + escape + "\"\nNAME=\"\nVERSION_ID=\\\n");
  root.put("proc/cpuinfo", std::string(3 << 20, 'x') + "\nmodel name: " + escape);
  std::string mounts =
      "/dev/" + escape +
      " /a\\000b ext4 rw 0 0\n/dev/\\033[0m /\\033[31m ext4 rw 0 0\n/\\ /\\0 ext4\n";
  for (int i = 0; i < 500; ++i) {
    const auto number = std::to_string(i);
    mounts += "/dev/d" + number + " /m" + number + escape + " ext4 rw 0 0\n";
    root.put("sys/class/net/if" + number + "/address", escape);
  }
  root.put("proc/self/mounts", mounts);
  const auto snapshot = root.snapshot();
  const auto text = snapshot.dump();  // throws where text is not UTF-8
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\\u001b") == std::string::npos);
  CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  CHECK(text.size() < 256 * 1024);
  CHECK(snapshot["disks"].size() == 64);
  CHECK(snapshot["network"].size() == 64);
  CHECK(snapshot["missing"].size() <= 320);
  CHECK(!reason_for(snapshot, "systemd.failed-units").empty());
  CHECK(reason_for(snapshot, "disks").starts_with("only the first 64 of "));
}

TEST_CASE("what is no regular file where one belongs is not read") {
  const FakeRoot root;
  root.put("proc/stat", "");
  REQUIRE(mkfifo((root.path() / "proc/loadavg").c_str(), 0600) == 0);
  root.put_folder("proc/uptime");
  const auto snapshot = root.snapshot();
  CHECK(reason_for(snapshot, "cpu.load1") == "/proc/loadavg: not a regular file");
  CHECK(reason_for(snapshot, "host.uptime-seconds") == "/proc/uptime: not a regular file");
}

TEST_CASE("a snapshot of this very machine holds what every Linux has") {
  const auto snapshot = take_snapshot("/", SystemClock());
  CHECK(snapshot["cpu"]["count"] >= 1);
  CHECK(snapshot["memory"]["total-bytes"] > 0);
  CHECK(!snapshot["host"]["architecture"].empty());
  CHECK(!snapshot.dump().empty());
}

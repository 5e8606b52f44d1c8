// edgectl doctor: edged as agents find it, from the machine that it runs on; and one endpoint, down
// to a tunnel that is opened and pinged.
// Thread rule: one thread; blocks.
#pragma once

#include <optional>
#include <string>

#include "control/admin_client.hpp"
#include "doctor/reach.hpp"

namespace edge::control {

struct DoctorOptions {
  milliseconds each{5'000};          // what a step may take
  std::optional<milliseconds> wait;  // for the tunnel of an endpoint; nothing: by its pace
};

class Doctor {
 public:
  // The report outlives this.
  Doctor(doctor::Report& report, AdminClient api, DoctorOptions options);

  // "": no endpoint.
  void examine(const std::string& endpoint);

 private:
  bool look_at_edged();
  void look_at_ports();
  void look_at_own_health();
  void look_at_certificate(const nlohmann::json& seen);
  void look_at_store(const nlohmann::json& seen);
  void look_at_descriptors(const nlohmann::json& seen);
  void look_at_connections(const nlohmann::json& seen);
  void look_at_log(const nlohmann::json& seen);
  net::Task<> look_at_url(std::string url);
  net::Task<> ask_unauthorized(std::string url, std::unique_ptr<net::TlsStream> stream);
  net::Task<> look_at_tunnel_port();
  // --- doctor_endpoint.cpp
  bool look_at_endpoint();
  void look_at_association();
  void look_at_instances();
  void look_at_hold();
  void look_at_last_tunnel();
  void try_tunnel();

  doctor::Report& report_;
  const AdminClient api_;
  const DoctorOptions options_;
  nlohmann::json status_;    // null: edged does not answer
  nlohmann::json endpoint_;  // null: none is looked at
  std::string name_;
};

}  // namespace edge::control

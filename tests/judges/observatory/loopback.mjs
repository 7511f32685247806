// The Observatory knows a site by its name, at the ports 443 and 80. Here both are others, of loopback, and nothing
// else is there to be asked.
import net from "node:net";

const ports = { 443: Number(process.env.SECURE), 80: Number(process.env.PLAIN) };
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (!(options.port in ports)) throw new Error(`the Observatory asks for ${options.host}:${options.port}`);
  Object.assign(options, { host: "127.0.0.1", port: ports[options.port] });
  return connect.apply(this, given);
};

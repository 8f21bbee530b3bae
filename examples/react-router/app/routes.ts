import { index, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  index("routes/home.tsx"),
  route("count", "routes/count.ts"),
  route("login", "routes/login.ts"),
  route("logout", "routes/logout.ts"),
  route("logout-everywhere", "routes/logout-everywhere.ts"),
  route("devices", "routes/devices.tsx"),
  route("end", "routes/end.ts"),
  route("end-others", "routes/end-others.ts"),
  route("stream", "routes/stream.ts"),
] satisfies RouteConfig;

// The default theme has the fonts in its own files, and asks no other host.
import Theme from "vitepress/theme";
import "./style.css";

export default Theme;

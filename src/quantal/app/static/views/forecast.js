export default {
  id: "forecast",
  title: "Forecast",
  render(root) {
    root.append("Forecast");
  },
};

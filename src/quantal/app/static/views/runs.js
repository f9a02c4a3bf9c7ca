export default {
  id: "runs",
  title: "Runs",
  render(root) {
    root.append("Runs");
  },
};

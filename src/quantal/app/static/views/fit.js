export default {
  id: "fit",
  title: "Fit",
  render(root) {
    root.append("Fit");
  },
};

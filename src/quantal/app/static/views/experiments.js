export default {
  id: "experiments",
  title: "Experiments",
  render(root) {
    root.append("Experiments");
  },
};

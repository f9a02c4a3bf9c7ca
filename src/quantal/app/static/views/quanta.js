export default {
  id: "quanta",
  title: "Quanta",
  render(root) {
    root.append("Quanta");
  },
};

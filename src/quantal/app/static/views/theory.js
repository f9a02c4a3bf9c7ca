export default {
  id: "theory",
  title: "Theory",
  render(root) {
    root.append("Theory");
  },
};
